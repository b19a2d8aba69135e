/// Why a text is not the path of a resource of the log.
public enum TilePathError: Error, Hashable, Sendable {
    /// No form that the specification allows, or one of a number that it does not allow.
    case malformed
}

/// The part of a path that tiles and bundles share: `<N>[.p/<W>]` (c2sp.org/tlog-tiles).
enum TilePath {
    /// `x001/x234/067` and, if there are less than 256, `.p/<W>`.
    static func text(index: UInt64, width: Int) -> String {
        var path = Self.group(index % 1000)
        var rest = index / 1000
        while rest > 0 {
            path = "x" + Self.group(rest % 1000) + "/" + path
            rest /= 1000
        }
        return width == TileIndex.fullWidth ? path : path + ".p/\(width)"
    }

    /// Reads what ``text(index:width:)`` writes, and nothing else.
    static func parse(_ elements: ArraySlice<Substring.UTF8View>) -> (index: UInt64, width: Int)? {
        var elements = elements.map { $0[...] }
        var width = TileIndex.fullWidth
        if elements.count >= 2, elements[elements.count - 2].suffix(2).elementsEqual(".p".utf8) {
            guard let number = Decimal.number(elements.removeLast()), (1..<UInt64(TileIndex.fullWidth)).contains(number)
            else { return nil }
            width = Int(number)
            elements.append(elements.removeLast().dropLast(2))
        }
        guard let last = elements.popLast(), last.count == 3 else { return nil }
        var digits: [UInt8] = []
        for element in elements {
            guard element.first == UInt8(ascii: "x"), element.count == 4 else { return nil }
            digits.append(contentsOf: element.dropFirst())
        }
        // Only the first group could be one too many.
        guard !digits.starts(with: "000".utf8) else { return nil }
        digits.append(contentsOf: last)
        guard let index = Decimal.digits(digits) else { return nil }
        return (index, width)
    }

    private static func group(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: "0", count: 3 - text.count) + text
    }
}
