/// Encodes parts of a URL (RFC 3986): everything but unreserved characters becomes `%XX`.
enum PercentEncoding {
    /// The path and the query.
    ///
    /// An empty segment or `..` cannot lead elsewhere, as dots alone are encoded too.
    static func target(_ path: [String], _ query: [(String, String)]) -> String {
        let path = path.map { "/" + Self.segment($0) }.joined()
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(Self.encode($0))=\(Self.encode($1))" }.joined(separator: "&")
    }

    private static func segment(_ text: String) -> String {
        // A segment of only dots would be taken for "here" or "above" by whatever stands between.
        text.allSatisfy { $0 == "." } ? String(repeating: "%2E", count: text.count) : Self.encode(text)
    }

    private static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
