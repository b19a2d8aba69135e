/// One line of CSV (RFC 4180), taken apart.
///
/// A record is one line: a line break inside of a field is not taken, so that one quotation mark too few spoils one line
/// and not all that follow.
public struct CSVRecord: Hashable, Sendable {
    /// The fields.
    public let fields: [String]

    /// Reads a line without its end.
    public init(parsing line: [UInt8]) throws(FieldError) {
        var fields: [String] = []
        var field: [UInt8] = []
        var index = 0
        let quote = UInt8(ascii: "\"")
        let comma = UInt8(ascii: ",")
        while true {
            field.removeAll(keepingCapacity: true)
            if index < line.count, line[index] == quote {
                index += 1
                while true {
                    guard index < line.count else {
                        throw FieldError("has a quoted field that does not end on its line")
                    }
                    if line[index] != quote {
                        field.append(line[index])
                        index += 1
                    } else if index + 1 < line.count, line[index + 1] == quote {
                        field.append(quote)
                        index += 2
                    } else {
                        index += 1
                        break
                    }
                }
                guard index == line.count || line[index] == comma else {
                    throw FieldError("has a quoted field with something behind its closing quotation mark")
                }
            } else {
                while index < line.count, line[index] != comma {
                    guard line[index] != quote else {
                        throw FieldError("has a quotation mark in a field that does not begin with one")
                    }
                    field.append(line[index])
                    index += 1
                }
            }
            guard let text = String(validating: field, as: UTF8.self) else { throw FieldError("is not UTF-8") }
            fields.append(text)
            guard index < line.count else { break }
            index += 1
        }
        self.fields = fields
    }
}
