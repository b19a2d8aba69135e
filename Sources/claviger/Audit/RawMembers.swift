import ClavigerCore

/// The members of an object in JSON text without spaces, as the bytes of their values: what the columns of a table are cut
/// from, an entry at a time, without a value being made of each.
///
/// Of text that is no such object it has no members.
struct RawMembers {
    private var values: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] = []

    init(_ text: ArraySlice<UInt8>) {
        guard text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}") else { return }
        var scanner = Scanner(rest: text.dropFirst())
        while scanner.rest.count > 1 {
            guard let name = scanner.string(), scanner.take(UInt8(ascii: ":")), let value = scanner.value() else {
                self.values = []
                return
            }
            self.values.append((name.dropFirst().dropLast(), value))
            _ = scanner.take(UInt8(ascii: ","))
        }
    }

    /// The bytes of a value; nil if there is none.
    subscript(_ name: StaticString) -> ArraySlice<UInt8>? {
        self.values.first { member in
            name.withUTF8Buffer { member.name.elementsEqual($0) }
        }?.value
    }

    /// A value as text: that of a string without its quotes and escapes, all others as they are; empty if there is none.
    func text(_ name: StaticString) -> String {
        guard let value = self[name] else { return "" }
        guard value.first == UInt8(ascii: "\"") else { return String(decoding: value, as: UTF8.self) }
        guard value.contains(UInt8(ascii: "\\")) else {
            return String(decoding: value.dropFirst().dropLast(), as: UTF8.self)
        }
        return (try? JSON.parse(Array(value)))?.string ?? ""
    }

    /// Goes over text once.
    private struct Scanner {
        var rest: ArraySlice<UInt8>

        mutating func take(_ byte: UInt8) -> Bool {
            guard self.rest.first == byte else { return false }
            self.rest.removeFirst()
            return true
        }

        /// A string with its quotes.
        mutating func string() -> ArraySlice<UInt8>? {
            guard self.rest.first == UInt8(ascii: "\"") else { return nil }
            var place = self.rest.startIndex + 1
            while place < self.rest.endIndex {
                switch self.rest[place] {
                case UInt8(ascii: "\\"): place += 2
                case UInt8(ascii: "\""): return self.cut(through: place)
                default: place += 1
                }
            }
            return nil
        }

        /// Any value.
        mutating func value() -> ArraySlice<UInt8>? {
            switch self.rest.first {
            case UInt8(ascii: "\""): return self.string()
            case UInt8(ascii: "{"), UInt8(ascii: "["): return self.nested()
            default:
                let end = self.rest.firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") }
                return end.flatMap { self.cut(through: $0 - 1) }
            }
        }

        private mutating func nested() -> ArraySlice<UInt8>? {
            var (depth, isInString, place) = (0, false, self.rest.startIndex)
            while place < self.rest.endIndex {
                switch self.rest[place] {
                case UInt8(ascii: "\\"): place += 1
                case UInt8(ascii: "\""): isInString.toggle()
                case UInt8(ascii: "{") where !isInString, UInt8(ascii: "[") where !isInString: depth += 1
                case UInt8(ascii: "}") where !isInString, UInt8(ascii: "]") where !isInString:
                    depth -= 1
                    if depth == 0 { return self.cut(through: place) }
                default: break
                }
                place += 1
            }
            return nil
        }

        private mutating func cut(through place: Int) -> ArraySlice<UInt8>? {
            guard place >= self.rest.startIndex else { return nil }
            defer { self.rest = self.rest[(place + 1)...] }
            return self.rest[...place]
        }
    }
}
