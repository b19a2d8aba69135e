/// The endpoint rules of an api, ready to be asked.
///
/// The most specific rule for a request's method and path decides. Of two patterns, compared segment by segment from the
/// left, a literal is more specific than `{name}` or `*`, and those are more specific than `**`; for the same paths a
/// rule that names the method comes before one for any. A rule for other methods does not hide a less specific one. No
/// two rules can be equal in that order, so that the order in which they are given means nothing.
public struct EndpointRules: Sendable {
    /// What happens to a request that no rule is for.
    public enum Otherwise: String, CaseIterable, Sendable {
        /// It is refused.
        case deny
        /// It goes on as if the api had no rules.
        case allow
    }

    /// The largest number of rules.
    public static let mostRules = 1000

    /// The rules in the order in which they were given.
    public let rules: [EndpointRule]
    /// What happens to a request that no rule is for.
    public let whenNoRuleMatches: Otherwise

    private let tree: EndpointTree

    /// No rules, and what no rule is for is refused.
    public static let none = EndpointRules()

    private init() {
        self.rules = []
        self.whenNoRuleMatches = .deny
        self.tree = EndpointTree()
    }

    /// Takes at most ``mostRules`` rules of which no two are for the same paths and a same method.
    public init(_ rules: [EndpointRule], whenNoRuleMatches: Otherwise = .deny) throws(FieldError) {
        guard rules.count <= Self.mostRules else { throw FieldError("must have at most \(Self.mostRules) elements") }
        var tree = EndpointTree()
        for (number, rule) in rules.enumerated() {
            if let other = tree.add(rule, number: number) {
                throw FieldError("must not have two rules for the same requests, as numbers \(other) and \(number) are")
            }
        }
        self.rules = rules
        self.whenNoRuleMatches = whenNoRuleMatches
        self.tree = tree
    }

    /// Reads the members `endpointRules` and `whenNoRuleMatches`; without them there are no rules and `deny`.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let placed = reader.objects("endpointRules", atMost: Self.mostRules) { reader in
            EndpointRule(reading: &reader).map { (rule: $0, place: String(reader.pointer(to: "").dropLast())) }
        }
        var tree = EndpointTree()
        for (number, new) in (placed ?? []).enumerated() {
            guard let other = tree.add(new.rule, number: number), let place = placed?[other].place else { continue }
            reader.add([Violation(new.place, "must not be for the same paths and methods as \(place)")])
        }
        let otherwise = reader.optional("whenNoRuleMatches") { text throws(FieldError) in
            guard let otherwise = Otherwise(rawValue: text) else { throw FieldError("must be deny or allow") }
            return otherwise
        }
        guard reader.violations.count == before else { return nil }
        self.rules = (placed ?? []).map(\.rule)
        self.whenNoRuleMatches = otherwise ?? .deny
        self.tree = tree
    }

    /// Both members as JSON that reads back to an equal value.
    public var json: JSON {
        [
            "endpointRules": .array(self.rules.map(\.json)),
            "whenNoRuleMatches": .string(self.whenNoRuleMatches.rawValue),
        ]
    }

    /// Whether there are no rules.
    public var isEmpty: Bool { self.rules.isEmpty }

    /// The rule that decides about a request, or nil if no rule is for it.
    ///
    /// A method in lower case is taken for the one in upper case; one that no rule can name, because it is no token or
    /// too long, is left to the rules for any method. ``decide(method:path:)`` refuses such a method instead.
    public func match(method: String, path: RequestPath) -> EndpointRule? {
        self.tree.match(HTTPMethodName(folding: method), path.segments).map { self.rules[$0] }
    }

    /// What the rules say of a request whose method and path are as the client sent them.
    ///
    /// A path that has no one spelling and a method that is none are never allowed, whatever happens to what no rule is
    /// for.
    public func decide(method: String, path: String) -> EndpointDecision {
        guard let name = HTTPMethodName(folding: method) else { return .unreadable("The method is no HTTP method.") }
        let normalized: RequestPath
        do throws(FieldError) {
            normalized = try RequestPath(normalizing: path)
        } catch {
            return .unreadable("The path \(error.message).")
        }
        if let number = self.tree.match(name, normalized.segments) { return .rule(self.rules[number]) }
        return self.whenNoRuleMatches == .allow ? .allowed : .denied
    }
}

extension EndpointRules: Hashable {
    /// Whether the rules are the same in the same order.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.rules == rhs.rules && lhs.whenNoRuleMatches == rhs.whenNoRuleMatches
    }

    /// Equal rules hash alike.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.rules)
        hasher.combine(self.whenNoRuleMatches)
    }
}
