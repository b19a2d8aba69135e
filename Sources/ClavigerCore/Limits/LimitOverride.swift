/// Other numbers for a limit, for some consumers or identifiers.
public struct LimitOverride: Hashable, Sendable, Identified {
    /// The prefix of its ids.
    public static let idPrefix = "lov"
    /// The id of an override.
    public typealias ID = Identifier<LimitOverride>

    /// The id.
    public let id: ID
    /// The tenant.
    public let workspaceID: Workspace.ID
    /// Where it counts: the name of an api for the limits of its keys, or the namespace of a check.
    public let namespace: LimitNamespace
    /// For whom: an external id of a consumer or an identifier, where `*` stands for any characters.
    public let identifier: IdentifierPattern
    /// The numbers, and the name of the limit that they replace.
    public var limit: RateLimit
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was last changed.
    public var updatedAt: Timestamp
    /// Counts changes; the ETag.
    public var version: Int

    /// Makes an override value.
    public init(
        id: ID,
        workspaceID: Workspace.ID,
        namespace: LimitNamespace,
        identifier: IdentifierPattern,
        limit: RateLimit,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        version: Int
    ) {
        self.id = id
        self.workspaceID = workspaceID
        self.namespace = namespace
        self.identifier = identifier
        self.limit = limit
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }
}

/// What keeps the counters of different uses apart: the name of an api, or one that a caller has made up.
public struct LimitNamespace: Hashable, Sendable {
    /// The name.
    public let text: String

    /// Reads 1 to 64 letters, digits, `.`, `_` and `-`.
    public init(parsing text: String) throws(FieldError) {
        let isAllowed: (UInt8) -> Bool = { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed) else {
            throw FieldError("must be 1 to 64 letters, digits, ., _ or -")
        }
        self.text = text
    }
}

/// Identifiers in which `*` stands for any characters, also none: `*@acme.com`.
public struct IdentifierPattern: Hashable, Sendable {
    /// The largest number of `*`.
    public static let mostWildcards = 4

    /// The pattern.
    public let text: String

    /// Reads 1 to 255 characters with at most 4 `*`, none next to another.
    public init(parsing text: String) throws(FieldError) {
        let label = try Label(parsing: text, atMost: 255)
        guard text.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= Self.mostWildcards else {
            throw FieldError("must have at most \(Self.mostWildcards) *")
        }
        guard !text.contains("**") else { throw FieldError("must not have two * together") }
        self.text = label.text
    }

    /// Whether the pattern has no `*`.
    public var isExact: Bool { !self.text.utf8.contains(UInt8(ascii: "*")) }

    /// Whether an identifier fits; letters count as they are written.
    ///
    /// Byte by byte, with one step back to the last `*`: no pattern takes more than the product of both lengths.
    public func matches(_ identifier: String) -> Bool {
        let pattern = Array(self.text.utf8)
        let text = Array(identifier.utf8)
        var (place, position) = (0, 0)
        var retry: (place: Int, position: Int)?
        while position < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                retry = (place + 1, position)
                place += 1
            } else if place < pattern.count, pattern[place] == text[position] {
                place += 1
                position += 1
            } else if let last = retry {
                retry = (last.place, last.position + 1)
                (place, position) = (last.place, last.position + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// More literal characters are more specific; an exact identifier is most specific.
    public var specificity: Int {
        self.isExact ? .max : self.text.utf8.count(where: { $0 != UInt8(ascii: "*") })
    }
}

extension [LimitOverride] {
    /// The limits of an identifier: those for which there is an override have its numbers, the most specific first.
    public func applied(to limits: [RateLimit], for identifier: String) -> [RateLimit] {
        guard !self.isEmpty, !limits.isEmpty else { return limits }
        return limits.map { limit in
            self.filter { $0.limit.name == limit.name && $0.identifier.matches(identifier) }
                .max { ($0.identifier.specificity, $1.id) < ($1.identifier.specificity, $0.id) }?.limit ?? limit
        }
    }
}
