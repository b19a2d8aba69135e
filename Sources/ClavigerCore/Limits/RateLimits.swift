/// The limits of one key, consumer, plan or api: at most 16, each with a name of its own.
public struct RateLimits: Hashable, Sendable {
    /// The largest number of limits in a list.
    public static let most = 16

    /// No limits.
    public static let none = RateLimits(known: [])

    /// The limits in the order in which they were given.
    public let limits: [RateLimit]

    /// Takes limits with different names.
    public init(_ limits: [RateLimit]) throws(FieldError) {
        guard limits.count <= Self.most else { throw FieldError("must have at most \(Self.most) limits") }
        guard Set(limits.map(\.name)).count == limits.count else {
            throw FieldError("must have limits with different names")
        }
        self.limits = limits
    }

    private init(known limits: [RateLimit]) {
        self.limits = limits
    }

    /// Whether there are no limits.
    public var isEmpty: Bool { self.limits.isEmpty }

    /// Reads an optional array of limits and collects everything that is wrong; nil if it is missing or refused.
    public static func read(_ member: String, from reader: inout ObjectReader) -> RateLimits? {
        let before = reader.violations.count
        var places: [String: String] = [:]
        let limits = reader.objects(member, atMost: Self.most) { (element: inout ObjectReader) -> RateLimit? in
            let limit = RateLimit(reading: &element)
            // Also the name of a limit that is refused for another reason: everything that is wrong is told at once.
            if let name = element.value("name")?.string {
                if let first = places[name] {
                    element.refuse("name", "must be a name of its own; the one at \(first) is the same")
                } else {
                    places[name] = element.pointer(to: "name")
                }
            }
            return limit
        }
        guard let limits, reader.violations.count == before else { return nil }
        return RateLimits(known: limits)
    }

    /// The limits as an array that reads back to an equal list.
    public var json: JSON { .array(self.limits.map(\.json)) }
}
