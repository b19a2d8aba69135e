/// The header `Retry-After` (RFC 9110, section 10.2.3): seconds, or the date of section 5.6.7 in its preferred form.
public enum RetryAfter {
    /// How long to wait; nil for what cannot be read.
    public static func parse(_ text: String, at now: Timestamp) -> Duration? {
        guard text.utf8.count <= 40 else { return nil }
        if let seconds = Self.number(text, digits: 1...9) { return .seconds(seconds) }
        guard let moment = Self.date(text) else { return nil }
        return max(moment - now, .zero)
    }

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func date(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 6, parts[0].count == 4, parts[0].hasSuffix(","), parts[5] == "GMT",
            let day = Self.number(parts[1], digits: 2...2), let month = months.firstIndex(of: String(parts[2])),
            let year = Self.number(parts[3], digits: 4...4), Self.isTime(parts[4])
        else { return nil }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        // The parser of RFC 3339 knows which days there are.
        let digits = String(String(year + 10_000).dropFirst())
        return try? Timestamp(parsing: "\(digits)-\(two(month + 1))-\(two(Int(day)))T\(parts[4])Z")
    }

    private static func isTime(_ text: Substring) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 3 && parts.allSatisfy { Self.number($0, digits: 2...2) != nil }
    }

    private static func number(_ text: some StringProtocol, digits: ClosedRange<Int>) -> Int64? {
        guard digits.contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int64(text)
    }
}
