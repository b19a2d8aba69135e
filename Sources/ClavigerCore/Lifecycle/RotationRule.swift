/// How often a key needs a new credential, and what becomes of one that does not get it.
public struct RotationRule: Hashable, Sendable {
    /// What happens when the time has come.
    public enum Mode: String, CaseIterable, Sendable, Comparable {
        /// People are told, and nothing else happens.
        case remind
        /// The holder rotates within the window; a key that was not rotated is suspended.
        case holder
        /// The credential ends.
        case enforce

        /// Whether the one is milder than the other.
        public static func < (lhs: Self, rhs: Self) -> Bool {
            let order = Self.allCases
            return (order.firstIndex(of: lhs) ?? 0) < (order.firstIndex(of: rhs) ?? 0)
        }
    }

    /// How old a credential may become.
    public static let usualPeriod = Duration.seconds(90 * 86_400)

    /// How old a credential may become.
    public var every: Duration
    /// What happens then.
    public var mode: Mode
    /// How long before that moment it can be done, and is asked for.
    public var window: Duration
    /// The longest grace that a rotation may leave the old credential.
    public var maximumGrace: Duration?
    /// The most credentials that may be usable at the same time.
    public var mostLiveCredentials: Int
    /// Whether the holder of a key may rotate it.
    public var holderMayRotate: Bool

    /// Makes a rule.
    public init(
        every: Duration = RotationRule.usualPeriod,
        mode: Mode = .remind,
        window: Duration = .seconds(14 * 86_400),
        maximumGrace: Duration? = nil,
        mostLiveCredentials: Int = 2,
        holderMayRotate: Bool = true
    ) {
        self.every = every
        self.mode = mode
        self.window = window
        self.maximumGrace = maximumGrace
        self.mostLiveCredentials = mostLiveCredentials
        self.holderMayRotate = holderMayRotate
    }

    /// Whether whoever has to rotate is able to.
    var canBeKept: Bool {
        guard self.mode == .holder else { return true }
        let grace = self.maximumGrace ?? RotationRules.shortestHolderGrace
        return self.holderMayRotate && self.mostLiveCredentials > 1 && grace >= RotationRules.shortestHolderGrace
    }

    /// The rule of somebody who has to keep both.
    public func stricter(with other: RotationRule) -> RotationRule {
        let every = min(self.every, other.every)
        return RotationRule(
            every: every,
            mode: max(self.mode, other.mode),
            window: min(self.window, other.window, every),
            maximumGrace: [self.maximumGrace, other.maximumGrace].compactMap { $0 }.min(),
            mostLiveCredentials: min(self.mostLiveCredentials, other.mostLiveCredentials),
            holderMayRotate: self.holderMayRotate && other.holderMayRotate
        )
    }
}

extension RotationRule {
    /// Reads `{"every"?, "mode"?, "window"?, "maximumGrace"?, "mostLiveCredentials"?, "holderMayRotate"?}`.
    init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let usual = RotationRule()
        let every = reader.duration("every") ?? usual.every
        let givenWindow = reader.duration("window")
        self.init(
            every: every,
            mode: reader.choice("mode") ?? usual.mode,
            window: givenWindow ?? min(usual.window, every),
            maximumGrace: reader.durationOrNone("maximumGrace"),
            mostLiveCredentials: reader.number("mostLiveCredentials", 1...10) ?? usual.mostLiveCredentials,
            holderMayRotate: reader.flag("holderMayRotate") ?? usual.holderMayRotate
        )
        if let givenWindow, givenWindow > every { reader.refuse("window", "must not be longer than every") }
        if let grace = self.maximumGrace {
            if grace > every { reader.refuse("maximumGrace", "must not be longer than every") }
            if grace > .zero, self.mostLiveCredentials == 1 {
                reader.refuse(
                    "maximumGrace",
                    "contradicts mostLiveCredentials: in a grace, two credentials can be used; say 0s, or 2"
                )
            }
        }
        if self.mode == .holder {
            let why = "contradicts the mode holder, in which the holder has to rotate"
            if !self.holderMayRotate { reader.refuse("holderMayRotate", why) }
            if self.mostLiveCredentials == 1 { reader.refuse("mostLiveCredentials", "\(why), with a grace of 10m") }
            if let grace = self.maximumGrace, grace < RotationRules.shortestHolderGrace {
                reader.refuse("maximumGrace", "\(why), with a grace of 10m")
            }
        }
        guard reader.violations.count == before else { return nil }
    }

    /// The form that is read, with everything said.
    var json: JSON {
        [
            "every": .duration(self.every), "mode": .string(self.mode.rawValue), "window": .duration(self.window),
            "maximumGrace": self.maximumGrace.map(JSON.duration),
            "mostLiveCredentials": .integer(Int64(self.mostLiveCredentials)),
            "holderMayRotate": .bool(self.holderMayRotate),
        ]
    }
}
