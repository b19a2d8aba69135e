/// What a policy says of the scopes of keys, those of their roles included.
public struct ScopeRules: Hashable, Sendable {
    /// The largest number of scopes on a list.
    static let longestList = 256

    /// What keys may have; everything if there is none.
    public var allowed: [Scope] = []
    /// What keys have to have.
    public var required: [Scope] = []
    /// The largest number of scopes.
    public var most: Int?
    /// Whether scopes may have a `*`.
    public var allowsWildcards = true
    /// How many segments have to stand before the first `*`.
    public var wildcardDepth: Int?

    /// Makes rules that ask for nothing.
    public init() {}

    /// Whether nothing is asked for.
    var isEmpty: Bool { self == ScopeRules() }
}

extension ScopeRules {
    /// Reads `{"allowed"?, "required"?, "most"?, "wildcards"?, "wildcardDepth"?}`.
    init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        self.init()
        self.allowed = reader.distinct("allowed", atMost: Self.longestList, Scope.init(parsing:))
        if reader.value("allowed")?.array?.isEmpty == true {
            reader.refuse("allowed", "must have at least one scope; leave it out to allow all")
        }
        let allowed = ScopeSet(self.allowed)
        let flag = reader.flag("wildcards")
        self.allowsWildcards = flag ?? true
        self.wildcardDepth = reader.number("wildcardDepth", 1...16)
        if flag == false, self.wildcardDepth != nil {
            reader.refuse("wildcardDepth", "contradicts wildcards: false")
        }
        let rules = self
        self.required = reader.distinct("required", atMost: Self.longestList) { text throws(FieldError) in
            let scope = try Scope(parsing: text)
            guard rules.allowed.isEmpty || allowed.covers(scope) else {
                throw FieldError("contradicts allowed, which does not have it")
            }
            if let message = rules.breadthMessage(of: scope) {
                throw FieldError("contradicts the policy's own rule: it \(message)")
            }
            return scope
        }
        self.most = reader.number("most", 0...1000)
        if let most, most < self.required.count {
            reader.refuse("most", "contradicts required, which has \(self.required.count) scopes")
        }
        guard reader.violations.count == before else { return nil }
    }

    /// The form that is read.
    var json: JSON {
        [
            "allowed": JSON.texts(self.allowed.map(\.text)), "required": JSON.texts(self.required.map(\.text)),
            "most": self.most.map { .integer(Int64($0)) }, "wildcards": self.allowsWildcards ? nil : false,
            "wildcardDepth": self.wildcardDepth.map { .integer(Int64($0)) },
        ]
    }

    /// What is wrong with a scope's breadth; nil if nothing is.
    func breadthMessage(of scope: Scope) -> String? {
        guard scope.hasWildcard else { return nil }
        guard self.allowsWildcards else { return "must not have a *" }
        guard let wildcardDepth else { return nil }
        let depth = scope.text.utf8.split(separator: UInt8(ascii: ".")).prefix { !$0.elementsEqual("*".utf8) }.count
        return depth < wildcardDepth ? "must have at least \(wildcardDepth) segments before its first *" : nil
    }

    /// The rule that a scope of that breadth is against.
    func breadthRule() -> String { self.allowsWildcards ? "scopes.wildcardDepth" : "scopes.wildcards" }

    /// Holds the scopes of a key to the rules.
    func check(_ subject: PolicySubject, _ refuse: PolicyRefusal) {
        guard !self.isEmpty else { return }
        let allowed = ScopeSet(self.allowed)
        for (index, scope) in subject.scopes.enumerated() {
            if !self.allowed.isEmpty, !allowed.covers(scope) {
                refuse("/scopes/\(index)", "scopes.allowed", "is not a scope that the policy allows")
            }
            if let message = self.breadthMessage(of: scope) {
                refuse("/scopes/\(index)", self.breadthRule(), message)
            }
        }
        if !self.allowed.isEmpty, subject.roleScopes.contains(where: { !allowed.covers($0) }) {
            refuse("/roles", "scopes.allowed", "have a scope that the policy does not allow")
        }
        if let message = subject.roleScopes.lazy.compactMap({ self.breadthMessage(of: $0) }).first {
            refuse("/roles", self.breadthRule(), "have a scope that \(message)")
        }
        guard !self.required.isEmpty || self.most != nil else { return }
        let granted = ScopeSet(subject.scopes + subject.roleScopes)
        for scope in granted.missing(from: self.required) {
            refuse("/scopes", "scopes.required", "must have \(scope.text)")
        }
        if let most, granted.scopes.count > most {
            refuse("/scopes", "scopes.most", "must be at most \(most), those of the roles included")
        }
    }
}
