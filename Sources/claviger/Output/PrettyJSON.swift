import ClavigerCore

extension JSON {
    /// The value as JSON for people and programs: a member a line, in the order of the server.
    ///
    /// What a terminal would obey (see `printable`) is written as an escape sequence, which programs read back as the
    /// same character.
    var pretty: String {
        var lines = ""
        self.write(to: &lines, indentation: "")
        return lines
    }

    private func write(to text: inout String, indentation: String) {
        let inner = indentation + "  "
        switch self {
        case .array(let elements) where !elements.isEmpty:
            text += "["
            for (index, element) in elements.enumerated() {
                text += (index == 0 ? "\n" : ",\n") + inner
                element.write(to: &text, indentation: inner)
            }
            text += "\n\(indentation)]"
        case .object(let object) where !object.isEmpty:
            text += "{"
            for (index, member) in object.members.enumerated() {
                text += (index == 0 ? "\n" : ",\n") + inner
                text += Self.quoted(member.name) + ": "
                member.value.write(to: &text, indentation: inner)
            }
            text += "\n\(indentation)}"
        case .string(let string):
            text += Self.quoted(string)
        default:
            text += String(decoding: self.serialized(), as: UTF8.self)
        }
    }

    private static func quoted(_ text: String) -> String {
        let compact = String(decoding: JSON.string(text).serialized(), as: UTF8.self)
        var result = ""
        for scalar in compact.unicodeScalars {
            if scalar.isPlain {
                result.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        return result
    }
}
