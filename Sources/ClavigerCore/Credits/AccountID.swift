/// Whose credits an account holds: those of one key, or those that a consumer's keys share.
public struct AccountID: Hashable, Sendable {
    /// What the account belongs to; the raw value is kept in records and never given to another.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case key = 1
        case consumer = 2
    }

    /// What the account belongs to.
    public let kind: Kind
    /// The 128 bits of the key's or the consumer's id.
    public let bits: UInt128

    /// Makes an id.
    public init(_ kind: Kind, _ bits: UInt128) {
        self.kind = kind
        self.bits = bits
    }
}

extension AccountID: Comparable {
    /// An order without meaning, in which accounts are locked.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.kind.rawValue, lhs.bits) < (rhs.kind.rawValue, rhs.bits)
    }
}
