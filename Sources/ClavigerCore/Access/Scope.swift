/// What a key may do: dot-separated segments of `[A-Za-z0-9_-]+`, or `*`.
///
/// A `*` in the middle stands for exactly one segment, at the end for one or more. A scope without `*` names one
/// permission; one with `*` names many. Names are compared as they are: no case or Unicode folding.
public struct Scope: Hashable, Sendable {
    /// The largest number of bytes.
    public static let longest = 255

    /// The scope as text.
    public let text: String

    /// Reads a scope.
    public init(parsing text: String) throws(FieldError) {
        guard text.utf8.count <= Self.longest else { throw FieldError("must have at most \(Self.longest) characters") }
        guard Self.isWellFormed(text.utf8) else {
            throw FieldError(
                "must be segments of letters, digits, _ and -, or *, joined by dots, such as invoices.read"
            )
        }
        self.text = text
    }

    /// Makes a scope from segments that are known to be well-formed.
    init(wellFormed text: String) {
        self.text = text
    }

    /// Whether the scope stands for more than one permission.
    public var hasWildcard: Bool {
        self.text.utf8.contains(UInt8(ascii: "*"))
    }

    /// Whether everything that `other` stands for is in this scope too.
    ///
    /// For an `other` without `*` this is: does the scope grant it.
    public func covers(_ other: Scope) -> Bool {
        var mine = Segments(self.text.utf8)
        var theirs = Segments(other.text.utf8)
        while let segment = mine.next() {
            guard let otherSegment = theirs.next() else { return false }
            if Self.isWildcard(segment) {
                if mine.isAtEnd { return true }
                // Theirs may be longer than the one segment that this `*` stands for.
                if Self.isWildcard(otherSegment), theirs.isAtEnd { return false }
            } else if !segment.elementsEqual(otherSegment) {
                return false
            }
        }
        return theirs.isAtEnd
    }

    /// Whether some permission is in both scopes.
    public func overlaps(_ other: Scope) -> Bool {
        var mine = Segments(self.text.utf8)
        var theirs = Segments(other.text.utf8)
        while let segment = mine.next() {
            guard let otherSegment = theirs.next() else { return false }
            let isWild = Self.isWildcard(segment)
            let isOtherWild = Self.isWildcard(otherSegment)
            // A `*` at the end takes whatever is left of the other, which is this segment at least.
            if isWild && mine.isAtEnd || isOtherWild && theirs.isAtEnd { return true }
            guard isWild || isOtherWild || segment.elementsEqual(otherSegment) else { return false }
        }
        return theirs.isAtEnd
    }

    private static func isWildcard(_ segment: Substring.UTF8View) -> Bool {
        segment.count == 1 && segment.first == UInt8(ascii: "*")
    }

    private static func isWellFormed(_ bytes: String.UTF8View) -> Bool {
        var length = 0
        var hasStar = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "."):
                guard length > 0, !hasStar || length == 1 else { return false }
                length = 0
                hasStar = false
                continue
            case UInt8(ascii: "*"): hasStar = true
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                break
            default: return false
            }
            length += 1
        }
        return length > 0 && (!hasStar || length == 1)
    }

    /// Walks the segments without copying them.
    private struct Segments {
        private let bytes: String.UTF8View
        private var position: String.Index
        private(set) var isAtEnd = false

        init(_ bytes: String.UTF8View) {
            self.bytes = bytes
            self.position = bytes.startIndex
        }

        mutating func next() -> Substring.UTF8View? {
            guard !self.isAtEnd else { return nil }
            let rest = self.bytes[self.position...]
            guard let dot = rest.firstIndex(of: UInt8(ascii: ".")) else {
                self.isAtEnd = true
                return rest
            }
            self.position = self.bytes.index(after: dot)
            return self.bytes[rest.startIndex..<dot]
        }
    }
}

extension Scope: CustomStringConvertible, Comparable {
    /// The text that may be shown.
    public var description: String { self.text }

    /// The order of the texts.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.text < rhs.text
    }
}

/// The scopes that somebody holds.
public struct ScopeSet: Hashable, Sendable {
    /// The scopes, sorted and without repetition.
    public let scopes: [Scope]

    /// Takes scopes in any order.
    public init(_ scopes: some Sequence<Scope>) {
        self.scopes = Set(scopes).sorted()
    }

    /// Nothing at all.
    public static let none = ScopeSet([])

    /// Whether one of the scopes covers `scope`.
    public func covers(_ scope: Scope) -> Bool {
        self.scopes.contains { $0.covers(scope) }
    }

    /// The scopes of `other` that are not covered here, in order.
    public func missing(from other: some Sequence<Scope>) -> [Scope] {
        other.filter { !self.covers($0) }
    }
}
