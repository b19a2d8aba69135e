import ClavigerClient
import ClavigerCore

/// How long an answer may be kept, as its `Cache-Control` says it (RFC 9111 section 5.2.2).
enum KeepingTime {
    /// Of refusals, these say nothing of a key: it does not exist, or what was sent is no token.
    private static let keptRefusals: Set<String> = [
        VerificationCode.notFound.rawValue, VerificationCode.malformed.rawValue,
    ]

    /// The time; zero if it may not be kept at all.
    ///
    /// - Parameter now: by the clock on the wall; no answer outlives its key.
    static func of(_ verification: Verification, atMost longest: Duration, at now: Timestamp) -> Duration {
        guard verification.isValid || Self.keptRefusals.contains(verification.code),
            verification.limits.isEmpty, verification.creditsRemaining == nil,
            let seconds = verification.cacheControl.flatMap(Self.seconds)
        else { return .zero }
        var time = min(longest, .seconds(seconds))
        if let expiresAt = verification.expiresAt { time = min(time, expiresAt - now) }
        return max(.zero, time)
    }

    /// The `max-age` of a field that allows keeping; nil for all others, and for whatever cannot be read.
    static func seconds(_ field: String) -> Int64? {
        var seconds: Int64?
        for directive in field.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = directive.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                Self.trimmed
            )
            switch parts[0].lowercased() {
            case "no-store", "no-cache", "must-understand":
                return nil
            case "max-age":
                guard seconds == nil, parts.count == 2, (1...9).contains(parts[1].utf8.count),
                    parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
                else { return nil }
                seconds = Int64(parts[1])
            default:
                break
            }
        }
        return seconds
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
