/// How well the keys of an api are kept, from 0 to 100.
///
/// Each live key begins with 100 points and loses 40 for each finding of high severity, 15 for each of medium and 5 for
/// each of low severity, but never more than it has. The score is the mean over all live keys, rounded down; an api
/// without live keys has 100.
public struct HygieneScore: Hashable, Sendable {
    /// How many live keys there are.
    public private(set) var keys = 0
    /// How many of them have a finding.
    public private(set) var keysWithFindings = 0
    /// How often each finding was made.
    public private(set) var counts: [HygieneFinding: Int] = [:]
    private var points = 0

    /// Begins with no keys.
    public init() {}

    /// What is left of a key's 100 points.
    public static func points(_ findings: [HygieneFinding]) -> Int {
        max(0, 100 - findings.reduce(0) { $0 + $1.severity.points })
    }

    /// Takes in a key.
    public mutating func add(_ findings: [HygieneFinding]) {
        self.keys += 1
        self.points += Self.points(findings)
        if !findings.isEmpty { self.keysWithFindings += 1 }
        for finding in findings { self.counts[finding, default: 0] += 1 }
    }

    /// The score.
    public var value: Int { self.keys == 0 ? 100 : self.points / self.keys }
}
