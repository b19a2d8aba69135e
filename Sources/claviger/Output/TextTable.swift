/// A table of text with aligned columns, for people.
///
/// Cells are made safe for a terminal.
struct TextTable {
    /// The headings.
    let columns: [String]
    private var rows: [[String]] = []

    init(columns: [String], rows: [[String]] = []) {
        self.columns = columns
        for row in rows { self.add(row) }
    }

    /// Adds a row; missing cells are empty, further ones are dropped.
    mutating func add(_ cells: [String]) {
        let padded = cells + Array(repeating: "", count: max(0, self.columns.count - cells.count))
        self.rows.append(padded.prefix(self.columns.count).map(\.printable))
    }

    /// The lines, without one at the end for nothing.
    var text: String {
        ([self.columns] + self.rows).aligned.joined(separator: "\n")
    }
}

/// The fields of one thing, a line each.
struct FieldList {
    private var fields: [[String]] = []

    /// Adds a field; nil and empty ones are left out.
    mutating func add(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        self.fields.append([name, value.printable])
    }

    /// The lines.
    var text: String {
        self.fields.aligned.joined(separator: "\n")
    }
}

extension [[String]] {
    /// Rows as lines; two spaces between columns and none at the end.
    fileprivate var aligned: [String] {
        let count = self.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in self.map { $0[column].columnsWide }.max() ?? 0 }
        return self.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.columnsWide + 2)
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }
}

extension String {
    /// How many columns of a terminal the text takes, near enough for alignment.
    var columnsWide: Int {
        self.reduce(0) { $0 + ($1.unicodeScalars.first.map(Self.isWide) == true ? 2 : 1) }
    }

    /// The main ranges of East Asian wide characters and of emoji (Unicode Standard Annex 11).
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
