/// How many credits somebody is given, and when new ones come.
public struct CreditPolicy: Hashable, Sendable {
    /// The largest number of credits, which every JSON reader still takes as a whole number.
    public static let most: Int64 = 1_000_000_000_000_000

    /// The credits at the beginning: 0 to ``most``.
    public var amount: Int64
    /// What is given later; without it, credits that are spent are gone.
    public var refill: Refill?

    /// Makes a policy.
    public init(amount: Int64, refill: Refill? = nil) {
        self.amount = amount
        self.refill = refill
    }
}

/// New credits at the beginning of every hour, day, week or month.
public struct Refill: Hashable, Sendable {
    /// What becomes of credits that are left.
    public enum Mode: Hashable, Sendable {
        /// They lapse: every period begins with the same amount.
        case replace
        /// They stay, up to the cap, or to ``CreditPolicy/most`` if there is none.
        ///
        /// Whoever has more than the cap to begin with keeps it but is given nothing.
        case accumulate(cap: Int64?)
    }

    /// When new credits come.
    public var schedule: RefillSchedule
    /// The credits of each period: 1 to ``CreditPolicy/most``.
    public var amount: Int64
    /// What becomes of those that are left.
    public var mode: Mode

    /// Makes a refill.
    public init(schedule: RefillSchedule, amount: Int64, mode: Mode = .replace) {
        self.schedule = schedule
        self.amount = amount
        self.mode = mode
    }
}

extension CreditPolicy {
    /// Reads `{"amount": 1000, "refill": {…}}`.
    public init?(reading reader: inout ObjectReader) {
        let amount = reader.credits("amount", from: 0)
        let refill = reader.nested("refill") { Refill(reading: &$0) }
        guard let amount else { return nil }
        self.init(amount: amount, refill: refill)
    }

    /// The policy as ``init(reading:)`` reads it.
    public var json: JSON {
        ["amount": .integer(self.amount), "refill": self.refill?.json]
    }
}

extension Refill {
    /// Reads `{"every": "month", "amount": 1000, "timeZone": "Europe/Berlin", "mode": "accumulate", "cap": 5000}`.
    ///
    /// The time zone is UTC and the mode `replace` unless given.
    public init?(reading reader: inout ObjectReader) {
        let interval = reader.required("every") { (text) throws(FieldError) in
            guard let interval = RefillInterval(rawValue: text) else {
                throw FieldError("must be hour, day, week or month")
            }
            return interval
        }
        let amount = reader.credits("amount", from: 1)
        let hasZone = reader.value("timeZone") != nil
        let given = reader.optional("timeZone") { (text) throws(FieldError) in try LocalTimeZone(parsing: text) }
        let zone = hasZone ? given : try? LocalTimeZone(parsing: "UTC")
        let mode = Self.mode(reading: &reader, amount: amount)
        guard let interval, let amount, let zone, let mode else { return nil }
        self.init(schedule: RefillSchedule(every: interval, in: zone), amount: amount, mode: mode)
    }

    private static func mode(reading reader: inout ObjectReader, amount: Int64?) -> Mode? {
        let hasMode = reader.value("mode") != nil
        let name = reader.optional("mode") { (text) throws(FieldError) in
            guard text == "replace" || text == "accumulate" else { throw FieldError("must be replace or accumulate") }
            return text
        }
        let hasCap = reader.value("cap") != nil
        let cap = hasCap ? reader.credits("cap", from: 1) : nil
        if hasMode, name == nil { return nil }
        guard name == "accumulate" else {
            if hasCap { reader.refuse("cap", "is only for the mode accumulate; leave it out or change the mode") }
            return hasCap ? nil : .replace
        }
        if hasCap, cap == nil { return nil }
        if let cap, let amount, cap < amount {
            reader.refuse("cap", "must not be less than the amount of one refill")
            return nil
        }
        return .accumulate(cap: cap)
    }

    /// The refill as ``init(reading:)`` reads it.
    public var json: JSON {
        var json = JSONObject([
            ("every", .string(self.schedule.interval.rawValue)), ("amount", .integer(self.amount)),
            ("timeZone", .string(self.schedule.zone.name)),
        ])
        switch self.mode {
        case .replace: json["mode"] = "replace"
        case .accumulate(let cap):
            json["mode"] = "accumulate"
            json["cap"] = cap.map { .integer($0) }
        }
        return .object(json)
    }
}

extension ObjectReader {
    /// A required number of credits.
    fileprivate mutating func credits(_ name: String, from least: Int64) -> Int64? {
        guard let value = self.value(name) else {
            self.refuse(name, "is required")
            return nil
        }
        guard let number = value.integer, (least...CreditPolicy.most).contains(number) else {
            self.refuse(name, "must be a whole number from \(least) to \(CreditPolicy.most)")
            return nil
        }
        return number
    }
}
