import ArgumentParser
import ClavigerCore

/// The rate limits of something new.
struct LimitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A rate limit such as burst=100/1m, or burst=100/1m,tokenBucket,burst=20; can be repeated.",
            valueName: RateLimit.form
        ),
        transform: RateLimit.init(argument:)
    )
    var limit: [RateLimit] = []

    func validate() throws {
        let names = self.limit.map(\.name)
        guard Set(names).count == names.count else {
            throw ValidationError("Give each --limit a name of its own.")
        }
    }

    func fill(_ body: inout Body) {
        body.set("limits", self.limit.isEmpty ? nil : .array(self.limit.map(\.json)))
    }
}

/// The rate limits and the credits of something new.
struct AllowanceOptions: ParsableArguments {
    @OptionGroup var limits: LimitOptions
    @Option(
        help: ArgumentHelp(
            """
            Credits that uses are paid with: 1000 for once, 1000/month for each hour, day, week or month, and with \
            more said 1000/month,accumulate,cap=5000,first=200,timeZone=Europe/Berlin.
            """,
            valueName: CreditPolicy.form
        ),
        transform: CreditPolicy.init(argument:)
    )
    var credits: CreditPolicy?

    func fill(_ body: inout Body) {
        self.limits.fill(&body)
        body.set("credits", self.credits?.json)
    }
}

/// What the owner of an allowance can also have: a plan.
struct OwnerAllowanceOptions: ParsableArguments {
    @OptionGroup var allowance: AllowanceOptions
    @Option(help: ArgumentHelp("The plan whose limits and credits it has.", valueName: "name or id"))
    var plan: String?

    func fill(_ body: inout Body) {
        self.allowance.fill(&body)
        body.set("planId", self.plan)
    }
}

/// A change of rate limits.
struct LimitChanges: ParsableArguments {
    @OptionGroup var limits: LimitOptions
    @Flag(help: "Remove all rate limits.") var noLimits = false

    func validate() throws {
        try Exclusive.check([("--limit", !self.limits.limit.isEmpty, "--no-limits", self.noLimits)])
    }

    func fill(_ body: inout Body) {
        self.limits.fill(&body)
        body.set("limits", self.noLimits ? .null : nil)
    }
}

/// A change of rate limits and credits.
struct AllowanceChanges: ParsableArguments {
    @OptionGroup var allowance: AllowanceOptions
    @Flag(help: "Remove all rate limits.") var noLimits = false
    @Flag(help: "Remove the credits, so that uses need none.") var noCredits = false

    func validate() throws {
        try Exclusive.check([
            ("--limit", !self.allowance.limits.limit.isEmpty, "--no-limits", self.noLimits),
            ("--credits", self.allowance.credits != nil, "--no-credits", self.noCredits),
        ])
    }

    func fill(_ body: inout Body) {
        self.allowance.fill(&body)
        body.set("limits", self.noLimits ? .null : nil)
        body.set("credits", self.noCredits ? .null : nil)
    }
}

/// A change of rate limits, credits and the plan.
struct OwnerAllowanceChanges: ParsableArguments {
    @OptionGroup var changes: AllowanceChanges
    @Option(help: ArgumentHelp("The plan whose limits and credits it has.", valueName: "name or id"))
    var plan: String?
    @Flag(help: "Take it off its plan.") var noPlan = false

    func validate() throws {
        try Exclusive.check([("--plan", self.plan != nil, "--no-plan", self.noPlan)])
    }

    func fill(_ body: inout Body) {
        self.changes.fill(&body)
        body.set("planId", self.plan)
        body.set("planId", self.noPlan ? .null : nil)
    }
}

/// Options that contradict each other.
enum Exclusive {
    /// Refuses the first pair of which both are given.
    static func check(_ pairs: [(String, Bool, String, Bool)]) throws {
        for (first, isFirst, second, isSecond) in pairs where isFirst && isSecond {
            throw ValidationError("Give \(first) or \(second), not both.")
        }
    }
}
