/// What becomes of keys that nobody uses.
public struct InactivityRule: Hashable, Sendable {
    /// The largest number of exemptions.
    public static let mostExemptions = 200

    /// After how long what happens; each step is later than the one before it.
    public struct Steps: Hashable, Sendable {
        /// People are told.
        public var remind: Duration?
        /// The key is suspended.
        public var suspend: Duration?
        /// The key is revoked.
        public var revoke: Duration?

        /// Makes steps.
        public init(remind: Duration? = nil, suspend: Duration? = nil, revoke: Duration? = nil) {
            self.remind = remind
            self.suspend = suspend
            self.revoke = revoke
        }

        /// Whether nothing happens.
        public var isEmpty: Bool { self == Steps() }

        func stricter(with other: Steps) -> Steps {
            func earlier(_ one: Duration?, _ two: Duration?) -> Duration? { [one, two].compactMap { $0 }.min() }
            var steps = Steps(
                remind: earlier(self.remind, other.remind),
                suspend: earlier(self.suspend, other.suspend),
                revoke: earlier(self.revoke, other.revoke)
            )
            // A step that the other's next one would come before is none.
            if let suspend = steps.suspend, let revoke = steps.revoke, revoke <= suspend { steps.suspend = nil }
            if let remind = steps.remind, let next = steps.suspend ?? steps.revoke, next <= remind {
                steps.remind = nil
            }
            return steps
        }

        /// What happens to a key of which it is not known whose steps hold: each when it would happen by both.
        func milder(than other: Steps) -> Steps {
            func later(_ one: Duration?, _ two: Duration?) -> Duration? {
                guard let one, let two else { return nil }
                return max(one, two)
            }
            return Steps(
                remind: later(self.remind, other.remind),
                suspend: later(self.suspend, other.suspend),
                revoke: later(self.revoke, other.revoke)
            )
        }

        /// The steps with a reminder before a revocation that nothing else comes before: nobody can take it back.
        var warned: Steps {
            guard let revoke = self.revoke, self.remind == nil, self.suspend == nil else { return self }
            var steps = self
            steps.remind = max(revoke - RotationClock.respite, .zero)
            return steps
        }
    }

    /// A key that the rule leaves alone for a while.
    public struct Exemption: Hashable, Sendable {
        /// The key.
        public var keyID: APIKey.ID
        /// Until when.
        public var until: Timestamp
        /// Why, for a person.
        public var reason: String?

        /// Makes an exemption.
        public init(keyID: APIKey.ID, until: Timestamp, reason: String? = nil) {
            self.keyID = keyID
            self.until = until
            self.reason = reason
        }
    }

    /// For keys that were never used, counted from when they were made.
    public var neverUsed: Steps
    /// For keys that were used, counted from their last use.
    public var idle: Steps
    /// The keys that are left alone.
    public var exemptions: [Exemption]

    /// Makes a rule.
    public init(neverUsed: Steps = Steps(), idle: Steps = Steps(), exemptions: [Exemption] = []) {
        self.neverUsed = neverUsed
        self.idle = idle
        self.exemptions = exemptions
    }

    /// Until when a key is left alone, or was; nil where it never was.
    public func exemption(of key: APIKey.ID) -> Timestamp? {
        self.exemptions.first { $0.keyID == key }?.until
    }

    /// How old a key is at least when the first thing happens to it; nil where nothing ever does.
    public var firstStep: Duration? {
        [self.neverUsed.warned, self.idle.warned].flatMap { [$0.remind, $0.suspend, $0.revoke] }.compactMap { $0 }.min()
    }

    /// The rule of somebody who has to keep both: exempt is who is exempt from both.
    public func stricter(with other: InactivityRule) -> InactivityRule {
        InactivityRule(
            neverUsed: self.neverUsed.stricter(with: other.neverUsed),
            idle: self.idle.stricter(with: other.idle),
            exemptions: self.exemptions.compactMap { mine in
                guard let theirs = other.exemptions.first(where: { $0.keyID == mine.keyID }) else { return nil }
                return Exemption(
                    keyID: mine.keyID,
                    until: min(mine.until, theirs.until),
                    reason: mine.reason ?? theirs.reason
                )
            }
        )
    }
}

extension InactivityRule {
    /// Reads `{"neverUsed"?: {"remind"?, "suspend"?, "revoke"?}, "idle"?: {…}, "exemptions"?: [{"keyId", "until",
    /// "reason"?}]}`.
    init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let neverUsed = reader.nested("neverUsed") { Steps(reading: &$0) }
        let idle = reader.nested("idle") { Steps(reading: &$0) }
        let exemptions = reader.objects("exemptions", atMost: Self.mostExemptions) { Exemption(reading: &$0) } ?? []
        if Set(exemptions.map(\.keyID)).count < exemptions.count {
            reader.refuse("exemptions", "must name a key only once")
        }
        guard reader.violations.count == before else { return nil }
        self.init(neverUsed: neverUsed ?? Steps(), idle: idle ?? Steps(), exemptions: exemptions)
    }

    /// The form that is read.
    var json: JSON {
        [
            "neverUsed": self.neverUsed.isEmpty ? nil : self.neverUsed.json,
            "idle": self.idle.isEmpty ? nil : self.idle.json,
            "exemptions": self.exemptions.isEmpty
                ? nil
                : .array(
                    self.exemptions.map { exemption in
                        [
                            "keyId": .string(exemption.keyID.text), "until": .string(exemption.until.text),
                            "reason": exemption.reason.map(JSON.string),
                        ]
                    }
                ),
        ]
    }
}

extension InactivityRule.Steps {
    fileprivate init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        self.init(
            remind: reader.duration("remind"),
            suspend: reader.duration("suspend"),
            revoke: reader.duration("revoke")
        )
        var last: (name: String, after: Duration)?
        for (name, after) in [("remind", self.remind), ("suspend", self.suspend), ("revoke", self.revoke)] {
            guard let after else { continue }
            if let last, after <= last.after { reader.refuse(name, "must be later than \(last.name)") }
            last = (name, after)
        }
        guard reader.violations.count == before else { return nil }
    }

    fileprivate var json: JSON {
        [
            "remind": self.remind.map(JSON.duration), "suspend": self.suspend.map(JSON.duration),
            "revoke": self.revoke.map(JSON.duration),
        ]
    }
}

extension InactivityRule.Exemption {
    fileprivate init?(reading reader: inout ObjectReader) {
        let keyID = reader.required("keyId") { text throws(FieldError) in
            guard let id = try? APIKey.ID(parsing: text) else {
                throw FieldError("must be an id that begins with key_")
            }
            return id
        }
        let until = reader.required("until") { text throws(FieldError) in
            guard let time = try? Timestamp(parsing: text) else {
                throw FieldError("must be an RFC 3339 time such as 2027-01-31T12:00:00Z")
            }
            return time
        }
        let reason = reader.optional("reason") { text throws(FieldError) in try Label(parsing: text, atMost: 500).text }
        guard let keyID, let until else { return nil }
        self.init(keyID: keyID, until: until, reason: reason)
    }
}
