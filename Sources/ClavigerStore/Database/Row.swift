/// One row of an answer, read by column name.
public struct Row: Sendable {
    /// The column names of an answer and their positions; all rows of the answer share one.
    public final class Columns: Sendable {
        let positions: [String: Int]

        /// Names the columns, in order; of equal names, the first counts.
        public init(_ names: some Sequence<String>) {
            var positions: [String: Int] = [:]
            for (position, name) in names.enumerated() where positions[name] == nil {
                positions[name] = position
            }
            self.positions = positions
        }
    }

    private let columns: Columns
    private let values: [SQLValue]

    /// A row as a driver read it: one value for each column.
    public init(columns: Columns, values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    /// Reads a column.
    ///
    /// - Throws: `DatabaseError.failed`, naming the column and never the value, when there is no such column or it
    ///   holds something else.
    public func value<T: SQLReadable>(_ column: String, as type: T.Type = T.self) throws(DatabaseError) -> T {
        guard let position = self.columns.positions[column], self.values.indices.contains(position) else {
            throw .failed("The answer has no column \(column).")
        }
        let stored = self.values[position]
        guard let value = T(sqlValue: stored) else {
            throw .failed("Column \(column) holds \(stored.kind) that cannot be read as \(T.self).")
        }
        return value
    }
}

// Rows hold digests, sealed secrets and personal data.
extension Row: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The names of the columns, never the values.
    public var description: String {
        let names = self.columns.positions.sorted { $0.value < $1.value }.map(\.key)
        return "Row(\(names.joined(separator: ", ")))"
    }

    /// The names of the columns, never the values.
    public var debugDescription: String { self.description }

    /// A mirror without content.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
