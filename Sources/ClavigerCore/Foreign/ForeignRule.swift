/// How the record of a foreign token is found: by a hash of the whole token, or by a part of it that is public.
public struct ForeignRule: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "rule"
    /// The id of a rule.
    public typealias ID = Identifier<ForeignRule>

    /// The two ways.
    public enum Finding: Hashable, Sendable {
        /// By this hash of the token.
        case whole(FastHash)
        /// By a part of the token; what was hashed is the whole token, or only what stands behind the part.
        case part(IDPattern, hashesRest: Bool)
    }

    /// The way.
    public let finding: Finding
    /// Tells one HMAC key from another; nil where none is needed.
    public let keyName: String?

    /// Makes a rule.
    public init(_ finding: Finding, keyName: String? = nil) {
        self.finding = finding
        self.keyName = keyName
    }

    /// The rule in one form: stored, and part of what lookup ids are made from.
    public var text: String {
        let way =
            switch self.finding {
            case .whole(let hash): "whole \(hash.rawValue)"
            case .part(let pattern, let hashesRest): "part \(pattern.text) \(hashesRest ? "rest" : "token")"
            }
        return self.keyName.map { "\(way) \($0)" } ?? way
    }

    /// Reads the form that ``text`` gives; nil for one of a newer version.
    public init?(text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        switch words.first ?? "" {
        case "whole" where (2...3).contains(words.count):
            guard let hash = FastHash(rawValue: words[1]) else { return nil }
            self.init(.whole(hash), keyName: words.count == 3 ? words[2] : nil)
        case "part" where (3...4).contains(words.count):
            guard let pattern = try? IDPattern(parsing: words[1]), ["rest", "token"].contains(words[2]) else {
                return nil
            }
            self.init(.part(pattern, hashesRest: words[2] == "rest"), keyName: words.count == 4 ? words[3] : nil)
        default: return nil
        }
    }
}

/// A hash that costs nothing to compute, and so protects nothing that can be guessed.
public enum FastHash: String, CaseIterable, Sendable {
    case sha256
    case sha512
    case hmacSHA256 = "hmac-sha256"

    /// The number of bytes.
    public var length: Int { self == .sha512 ? 64 : 32 }
}
