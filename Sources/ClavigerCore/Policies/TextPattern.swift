/// The shape that a text has to have, as a policy writes it: `svc-[a-z0-9]+-*`.
///
/// Characters stand for themselves, `?` for any one, `*` for any run, and `[a-z0-9]` or `[!a-z]` for one of a set or one
/// outside of it. Behind a set, `+`, `{4}` and `{2,8}` say how often. `\` takes the meaning from what follows. The
/// whole text has to fit.
///
/// There is nothing in it that a matcher could have to try twice: all positions that the text may have reached are
/// followed at once (Thompson, 1968), so that the time is bounded by the two lengths whatever somebody writes.
public struct TextPattern: Hashable, Sendable {
    /// The largest number of bytes.
    public static let longest = 255
    /// The largest number of steps; each is a bit of a state.
    private static let mostSteps = 120

    /// The pattern as text.
    public let text: String
    private let steps: [Step]
    /// The steps that may be left out, as bits.
    private let skippable: UInt128

    private struct Step: Hashable {
        var set: ScalarSet
        var isOptional = false
        var isRepeated = false
    }

    private enum ScalarSet: Hashable {
        case anything
        case one(Unicode.Scalar)
        case ranges([ClosedRange<UInt32>], isNegated: Bool)

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .anything: true
            case .one(let known): known == scalar
            case .ranges(let ranges, let isNegated): ranges.contains { $0.contains(scalar.value) } != isNegated
            }
        }
    }

    /// Reads a pattern.
    public init(parsing text: String) throws(FieldError) {
        guard !text.isEmpty, text.utf8.count <= Self.longest else {
            throw FieldError("must be a pattern of 1 to \(Self.longest) bytes")
        }
        var rest = Substring(text).unicodeScalars
        var steps: [Step] = []
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": steps.append(Step(set: .anything, isOptional: true, isRepeated: true))
            case "?": steps.append(Step(set: .anything))
            case "\\": steps.append(Step(set: .one(try Self.escaped(&rest))))
            case "[":
                let set = try Self.set(&rest)
                steps += try Self.repetition(of: set, &rest)
            case "]", "(", ")", "{", "}", "|", "^", "$", "+":
                throw FieldError(
                    "must have \\ before \(scalar), which means nothing there: this is no regular expression"
                )
            default: steps.append(Step(set: .one(scalar)))
            }
            guard steps.count <= Self.mostSteps else {
                throw FieldError("must be shorter: a pattern has at most \(Self.mostSteps) steps")
            }
        }
        self.text = text
        self.steps = steps
        var skippable: UInt128 = 0
        for (place, step) in steps.enumerated() where step.isOptional { skippable |= 1 << place }
        self.skippable = skippable
    }

    /// Whether the whole text has this shape.
    public func matches(_ text: String) -> Bool {
        var states = self.closure(1)
        for scalar in text.unicodeScalars {
            var next: UInt128 = 0
            var rest = states
            while rest != 0 {
                let place = rest.trailingZeroBitCount
                rest &= rest - 1
                guard place < self.steps.count, self.steps[place].set.contains(scalar) else { continue }
                next |= 1 << (self.steps[place].isRepeated ? place : place + 1)
            }
            guard next != 0 else { return false }
            states = self.closure(next)
        }
        return states & (1 << self.steps.count) != 0
    }

    /// The states, and those that are reached from them without a character.
    private func closure(_ states: UInt128) -> UInt128 {
        var states = states
        while true {
            let more = states | (states & self.skippable) << 1
            if more == states { return states }
            states = more
        }
    }

    private static func escaped(_ rest: inout Substring.UnicodeScalarView) throws(FieldError) -> Unicode.Scalar {
        guard let scalar = rest.popFirst() else { throw FieldError("must not end with \\") }
        return scalar
    }

    /// What follows a `[`, up to its `]`.
    private static func set(_ rest: inout Substring.UnicodeScalarView) throws(FieldError) -> ScalarSet {
        let isNegated = rest.first == "!"
        if isNegated { rest.removeFirst() }
        var ranges: [ClosedRange<UInt32>] = []
        while let scalar = rest.popFirst() {
            if scalar == "]" {
                guard !ranges.isEmpty else { throw FieldError("must not have an empty set") }
                return .ranges(ranges, isNegated: isNegated)
            }
            if scalar == "[" || scalar == "^" { throw FieldError("must have \\ before [ or ^ in a set") }
            let first = scalar == "\\" ? try Self.escaped(&rest) : scalar
            guard rest.first == "-", let end = rest.dropFirst().first, end != "]" else {
                ranges.append(first.value...first.value)
                continue
            }
            rest.removeFirst(2)
            let last = end == "\\" ? try Self.escaped(&rest) : end
            guard first.value <= last.value else { throw FieldError("must have ranges that go upwards, such as a-z") }
            ranges.append(first.value...last.value)
        }
        throw FieldError("must have a ] for every [")
    }

    /// A set with what is said behind it of how often.
    private static func repetition(
        of set: ScalarSet,
        _ rest: inout Substring.UnicodeScalarView
    ) throws(FieldError) -> [Step] {
        let once = Step(set: set)
        switch rest.first {
        case "+":
            rest.removeFirst()
            return [once, Step(set: set, isOptional: true, isRepeated: true)]
        case "{":
            rest.removeFirst()
            let (least, most) = try Self.counts(&rest)
            let more = [Step](repeating: Step(set: set, isOptional: true), count: most - least)
            return [Step](repeating: once, count: least) + more
        case "*", "?":
            throw FieldError("must have +, {n} or {n,m} behind a set; * and ? stand for characters by themselves")
        default: return [once]
        }
    }

    /// What follows a `{`, up to its `}`.
    private static func counts(_ rest: inout Substring.UnicodeScalarView) throws(FieldError) -> (Int, Int) {
        let text = String(rest.prefix { $0 != "}" })
        rest.removeFirst(text.unicodeScalars.count)
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let numbers = parts.filter { $0.utf8.allSatisfy { digits.contains($0) } }.compactMap { Int($0) }
        guard rest.popFirst() == "}", parts.count == numbers.count, (1...2).contains(numbers.count),
            let least = numbers.first, let most = numbers.last, least <= most, (1...Self.mostSteps).contains(most)
        else { throw FieldError("must have {n} or {n,m} behind a set, with numbers from 0 to \(Self.mostSteps)") }
        return (least, most)
    }
}
