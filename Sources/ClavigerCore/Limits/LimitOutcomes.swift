/// Outcomes in the order of their limits; up to three take no allocation, which is what nearly every key has.
public struct LimitOutcomes: RandomAccessCollection, Hashable, Sendable {
    private var first: LimitOutcome?
    private var second: LimitOutcome?
    private var third: LimitOutcome?
    private var others: [LimitOutcome?] = []

    /// The number of outcomes.
    public private(set) var count = 0

    /// Makes an empty list.
    public init() {}

    /// Makes a list of outcomes.
    public init(_ outcomes: some Sequence<LimitOutcome>) {
        for outcome in outcomes {
            self.count += 1
            if self.count > 3 { self.others.append(nil) }
            self.set(outcome, at: self.count - 1)
        }
    }

    /// Makes a list of outcomes that are not known yet; each has to be set before it is read.
    package init(count: Int) {
        self.count = count
        if count > 3 { self.others = Array(repeating: nil, count: count - 3) }
    }

    /// The position of the first outcome.
    public var startIndex: Int { 0 }

    /// The position behind the last outcome.
    public var endIndex: Int { self.count }

    /// The outcome of the limit at a position.
    public subscript(position: Int) -> LimitOutcome {
        let outcome: LimitOutcome? =
            switch position {
            case 0: self.first
            case 1: self.second
            case 2: self.third
            default: self.others[position - 3]
            }
        guard let outcome else { preconditionFailure("there is no outcome at this position") }
        return outcome
    }

    /// Sets the outcome of the limit at a position.
    package mutating func set(_ outcome: LimitOutcome, at position: Int) {
        switch position {
        case 0: self.first = outcome
        case 1: self.second = outcome
        case 2: self.third = outcome
        default: self.others[position - 3] = outcome
        }
    }
}
