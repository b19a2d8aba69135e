/// Why a text is not a duration.
public enum DurationTextError: Error, Hashable {
    /// The text is not a whole number followed by `ms`, `s`, `m`, `h` or `d`.
    case malformed
    /// The number is larger than 100,000 days.
    case tooLong
}

/// Durations as people write them: `500ms 30s 15m 12h 90d`.
public enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    private static let longest: Int64 = 100_000 * 86_400_000

    /// Reads a whole number with one unit.
    public static func parse(_ text: String) throws(DurationTextError) -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        guard let unit = Self.units.first(where: { $0.suffix == suffix }), !digits.isEmpty else { throw .malformed }
        guard let number = Int64(digits) else { throw .tooLong }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
        guard !overflow, milliseconds <= Self.longest else { throw .tooLong }
        return .milliseconds(milliseconds)
    }

    /// Writes a duration with the largest unit that loses nothing.
    public static func text(for duration: Duration) -> String {
        let milliseconds = duration.wholeMilliseconds
        let unit = Self.units.last { milliseconds % $0.milliseconds == 0 && milliseconds != 0 } ?? Self.units[1]
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }
}
