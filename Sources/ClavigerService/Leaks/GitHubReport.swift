public import ClavigerCore
import ClavigerVerifier
import Crypto

/// A report of GitHub's secret scanning partner programme: secrets that it found in public.
///
/// https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program
public struct GitHubReport: Sendable {
    private struct Match {
        let hash: String
        let type: String
    }

    /// The tokens that were found.
    public let leaks: [LeakedToken]
    private let matches: [Match]

    /// Reads `[{"token", "type", "url", "source"}]`; members that are not known do not matter.
    public init(reading json: JSON) throws(Problem) {
        guard let elements = json.array else {
            throw .validation([Violation("", "must be an array of matches")])
        }
        var leaks: [LeakedToken] = []
        var matches: [Match] = []
        var violations: [Violation] = []
        for (index, element) in elements.enumerated() {
            guard let token = element["token"]?.string, let type = element["type"]?.string else {
                violations.append(Violation("/\(index)", "must have a token and a type"))
                continue
            }
            let source = element["source"]?.string.map { "github:\($0)" } ?? "github"
            leaks.append(
                LeakedToken(
                    PresentedToken(token),
                    foundBy: source,
                    at: element["url"]?.string ?? ""
                )
            )
            matches.append(Match(hash: Self.hash(of: token), type: type))
        }
        guard violations.isEmpty else { throw .validation(violations) }
        self.leaks = leaks
        self.matches = matches
    }

    /// What GitHub is told of each match: whether it is a token of ours.
    ///
    /// The token is named by its hash, so that no answer has a plaintext.
    public func feedback(_ answers: [LeakAnswer]) -> JSON {
        .array(
            zip(self.matches, answers).map { match, answer in
                [
                    "token_hash": .string(match.hash), "token_type": .string(match.type),
                    "label": answer.outcome == .unknown ? "false_positive" : "true_positive",
                ]
            }
        )
    }

    /// SHA-256 in hexadecimal digits, as GitHub wants it; of no use to anybody who does not know the token.
    private static func hash(of token: String) -> String {
        SHA256.hash(data: Array(token.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 2 ? digits : "0\(digits)"
        }.joined()
    }
}
