import ClavigerCore
import Testing

@Suite("Credit policies")
struct CreditPolicyTests {
    private static func read(_ text: String) throws -> CreditPolicy? {
        var reader = try ObjectReader(body: JSON.parse(Array(text.utf8)))
        let policy = CreditPolicy(reading: &reader)
        try reader.finish()
        return policy
    }

    private static func violations(_ text: String) -> [Violation] {
        #expect(throws: Problem.self) { try Self.read(text) }?.violations ?? []
    }

    private static func schedule(_ interval: RefillInterval, _ zone: String) throws -> RefillSchedule {
        RefillSchedule(every: interval, in: try LocalTimeZone(parsing: zone))
    }

    @Test("what is left out is UTC, replace and no cap")
    func defaults() throws {
        #expect(try Self.read(#"{"amount":0}"#) == CreditPolicy(amount: 0))
        let daily = Refill(schedule: try Self.schedule(.day, "UTC"), amount: 5)
        #expect(
            try Self.read(#"{"amount":10,"refill":{"every":"day","amount":5}}"#)
                == CreditPolicy(amount: 10, refill: daily)
        )
        #expect(
            try Self.read(#"{"amount":10,"refill":{"every":"day","amount":5,"mode":null,"timeZone":null,"cap":null}}"#)
                == CreditPolicy(amount: 10, refill: daily)
        )
        #expect(try Self.read(#"{"amount":10,"refill":null}"#) == CreditPolicy(amount: 10))
    }

    @Test("every policy reads back as it was written", arguments: RefillInterval.allCases)
    func roundTrip(interval: RefillInterval) throws {
        for mode in [Refill.Mode.replace, .accumulate(cap: nil), .accumulate(cap: 1000), .accumulate(cap: 1001)] {
            let schedule = try Self.schedule(interval, "Europe/Berlin")
            let policy = CreditPolicy(amount: 7, refill: Refill(schedule: schedule, amount: 1000, mode: mode))
            let text = String(decoding: policy.json.serialized(), as: UTF8.self)
            #expect(try Self.read(text) == policy)
        }
        let largest = CreditPolicy(amount: CreditPolicy.most)
        #expect(try Self.read(String(decoding: largest.json.serialized(), as: UTF8.self)) == largest)
    }

    @Test("the form is that of the API")
    func form() throws {
        let schedule = try Self.schedule(.month, "Europe/Berlin")
        let refill = Refill(schedule: schedule, amount: 1000, mode: .accumulate(cap: 5000))
        #expect(
            String(decoding: CreditPolicy(amount: 1, refill: refill).json.serialized(), as: UTF8.self)
                == #"{"amount":1,"refill":{"every":"month","amount":1000,"timeZone":"Europe/Berlin","#
                + #""mode":"accumulate","cap":5000}}"#
        )
    }

    private static let amount = "must be a whole number from 0 to 1000000000000000"
    private static let refillAmount = "must be a whole number from 1 to 1000000000000000"

    @Test(
        "amounts that are none",
        arguments: [
            "-1", "1000000000000001", "9223372036854775807", "1.5", "\"1\"", "true",
            "[]", "{}",
        ]
    )
    func amounts(text: String) throws {
        #expect(Self.violations("{\"amount\":\(text)}") == [Violation("/amount", Self.amount)])
        #expect(
            Self.violations("{\"amount\":1,\"refill\":{\"every\":\"day\",\"amount\":\(text)}}")
                == [Violation("/refill/amount", Self.refillAmount)]
        )
    }

    @Test(
        "what else is wrong",
        arguments: [
            ("{}", [Violation("/amount", "is required")]),
            (
                #"{"amount":1,"refill":{}}"#,
                [Violation("/refill/every", "is required"), Violation("/refill/amount", "is required")]
            ),
            (
                #"{"amount":1,"refill":{"every":"year","amount":0}}"#,
                [
                    Violation("/refill/every", "must be hour, day, week or month"),
                    Violation("/refill/amount", "must be a whole number from 1 to 1000000000000000"),
                ]
            ),
            (
                #"{"amount":1,"refill":{"every":"day","amount":1,"timeZone":"CET","mode":"add","x":1}}"#,
                [
                    Violation(
                        "/refill/timeZone",
                        "must be a name of the IANA time zone database, such as Europe/Berlin or UTC"
                    ),
                    Violation("/refill/mode", "must be replace or accumulate"),
                    Violation("/refill/x", "is not a known field"),
                ]
            ),
            (
                #"{"amount":1,"refill":{"every":"day","amount":1,"timeZone":5,"mode":5}}"#,
                [Violation("/refill/timeZone", "must be a string"), Violation("/refill/mode", "must be a string")]
            ),
            (
                #"{"amount":1,"refill":{"every":"day","amount":10,"mode":"accumulate","cap":9}}"#,
                [Violation("/refill/cap", "must not be less than the amount of one refill")]
            ),
            (
                #"{"amount":1,"refill":{"every":"day","amount":10,"cap":10}}"#,
                [Violation("/refill/cap", "is only for the mode accumulate; leave it out or change the mode")]
            ),
            (
                #"{"amount":1,"refill":{"every":"day","amount":10,"mode":"accumulate","cap":"10"}}"#,
                [Violation("/refill/cap", "must be a whole number from 1 to 1000000000000000")]
            ),
            (#"{"amount":1,"refill":3}"#, [Violation("/refill", "must be an object")]),
        ]
    )
    func wrong(text: String, violations: [Violation]) {
        #expect(Self.violations(text) == violations)
    }
}
