/// How long keys live.
public struct LifetimeRules: Hashable, Sendable {
    /// The life of a key that does not say when it ends.
    public var usual: Duration?
    /// The longest life of a key, counted from when it was made; it reaches keys that are there already.
    public var maximum: Duration?
    /// Whether a key has to say when it ends.
    public var mustExpire = false

    /// Makes rules that ask for nothing.
    public init() {}

    /// Whether nothing is asked for.
    var isEmpty: Bool { self == LifetimeRules() }
}

extension LifetimeRules {
    /// Reads `{"default"?, "maximum"?, "mustExpire"?}`.
    init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        self.init()
        self.usual = reader.duration("default")
        self.maximum = reader.duration("maximum")
        self.mustExpire = reader.flag("mustExpire") ?? false
        if let usual, let maximum, usual > maximum {
            reader.refuse("default", "contradicts maximum, which is shorter")
        }
        guard reader.violations.count == before else { return nil }
    }

    /// The form that is read.
    var json: JSON {
        [
            "default": self.usual.map(JSON.duration), "maximum": self.maximum.map(JSON.duration),
            "mustExpire": self.mustExpire ? true : nil,
        ]
    }

    /// Holds the end of a key to the rules.
    ///
    /// A key without an end of its own is not too long-lived: the maximum ends it.
    func check(_ subject: PolicySubject, _ refuse: PolicyRefusal) {
        guard let expiresAt = subject.expiresAt else {
            if self.mustExpire { refuse("/expiresAt", "lifetime.mustExpire", "is required") }
            return
        }
        guard let maximum, subject.createdAt + maximum < expiresAt else { return }
        refuse(
            "/expiresAt",
            "lifetime.maximum",
            "must not be after \((subject.createdAt + maximum).text), \(DurationText.text(for: maximum)) after it was made"
        )
    }
}
