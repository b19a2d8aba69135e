/// A text whose percent-encoding (RFC 3986 section 2.1) is undone layer by layer, and that knows where each of its bytes
/// stood in the beginning.
///
/// A `%` that no two hexadecimal digits follow stands for itself.
struct PercentDecodedText {
    private(set) var bytes: [UInt8]
    /// Where each byte stood; nil as long as nothing was decoded.
    private var origins: [Range<Int>]?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Undoes one layer; false if there was none.
    mutating func decode() -> Bool {
        guard self.bytes.contains(UInt8(ascii: "%")) else { return false }
        var decoded: [UInt8] = []
        var places: [Range<Int>] = []
        var position = 0
        while position < self.bytes.count {
            let byte = self.encodedByte(at: position)
            let end = byte == nil ? position + 1 : position + 3
            decoded.append(byte ?? self.bytes[position])
            places.append(self.origin(of: position..<end))
            position = end
        }
        guard decoded.count < self.bytes.count else { return false }
        (self.bytes, self.origins) = (decoded, places)
        return true
    }

    /// Where the bytes stood in the beginning that are `part` now; a part is not empty.
    func places(of part: [UInt8]) -> [Range<Int>] {
        var places: [Range<Int>] = []
        guard let first = part.first else { return [] }
        var position = 0
        while position + part.count <= self.bytes.count {
            if self.bytes[position] == first, self.bytes[position...].starts(with: part) {
                places.append(self.origin(of: position..<(position + part.count)))
                position += part.count
            } else {
                position += 1
            }
        }
        return places
    }

    private func origin(of range: Range<Int>) -> Range<Int> {
        guard let origins, let last = range.last else { return range }
        return origins[range.lowerBound].lowerBound..<origins[last].upperBound
    }

    private func encodedByte(at position: Int) -> UInt8? {
        guard self.bytes[position] == UInt8(ascii: "%"), position + 2 < self.bytes.count,
            let high = Self.digit(self.bytes[position + 1]), let low = Self.digit(self.bytes[position + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
