import Testing

@testable import ClavigerCore

@Suite("Rate limits")
struct RateLimitTests {
    /// Reads one limit; answers it and what is wrong.
    private static func read(_ text: String) throws -> (limit: RateLimit?, violations: [Violation]) {
        var reader = ObjectReader(try #require(try JSON.parse(Array(text.utf8)).object))
        let limit = RateLimit(reading: &reader)
        reader.refuseUnknown()
        return (limit, reader.violations)
    }

    private static func limit(_ name: String) throws -> RateLimit {
        try RateLimit(name: LimitName(parsing: name), requests: 1, window: .seconds(1))
    }

    @Test("what is a name", arguments: ["a", "burst", "perDay", "per-day-2", "a" + String(repeating: "Z", count: 31)])
    func name(text: String) throws {
        #expect(try LimitName(parsing: text).text == text)
    }

    @Test(
        "what is no name",
        arguments: [
            "", "A", "1", "-a", "a b", "a_b", "a.b", "a\n", "é", "aé", "a\u{301}",
            "a" + String(repeating: "Z", count: 32),
        ]
    )
    func malformedName(text: String) {
        #expect(throws: FieldError("must be 1 to 32 characters: a lower-case letter, then letters, digits or -")) {
            try LimitName(parsing: text)
        }
    }

    @Test(
        "a limit is read and written",
        arguments: [
            (
                #"{"name":"burst","requests":100,"window":"1m"}"#,
                #"{"name":"burst","requests":100,"window":"1m","algorithm":"slidingWindow"}"#, 100
            ),
            (
                #"{"name":"a","requests":1,"window":"31d","algorithm":"slidingWindow"}"#,
                #"{"name":"a","requests":1,"window":"31d","algorithm":"slidingWindow"}"#, 1
            ),
            (
                #"{"name":"a","requests":7,"window":"1000ms","algorithm":"tokenBucket"}"#,
                #"{"name":"a","requests":7,"window":"1s","algorithm":"tokenBucket","burst":7}"#, 7
            ),
            (
                #"{"name":"a","requests":100,"window":"60s","algorithm":"tokenBucket","burst":20}"#,
                #"{"name":"a","requests":100,"window":"1m","algorithm":"tokenBucket","burst":20}"#, 20
            ),
            (
                #"{"name":"a","requests":1,"window":"1001ms","algorithm":"tokenBucket","burst":1000000000}"#,
                #"{"name":"a","requests":1,"window":"1001ms","algorithm":"tokenBucket","burst":1000000000}"#,
                1_000_000_000
            ),
            (
                #"{"name":"a","requests":2,"window":"1h","algorithm":null,"burst":null}"#,
                #"{"name":"a","requests":2,"window":"1h","algorithm":"slidingWindow"}"#, 2
            ),
        ]
    )
    func json(given: String, written: String, capacity: Int) throws {
        let (limit, violations) = try Self.read(given)
        #expect(violations.isEmpty)
        let read = try #require(limit)
        #expect(String(decoding: read.json.serialized(), as: UTF8.self) == written)
        #expect(read.capacity == capacity)
        #expect(try Self.read(written).limit == read)
    }

    @Test(
        "each thing that is wrong is told at its place",
        arguments: [
            (#""requests":0,"window":"1m""#, "requests", "must be at least 1; to let nothing through, suspend the key"),
            (#""requests":-1,"window":"1m""#, "requests", "must be a whole number from 1 to 1,000,000,000"),
            (#""requests":1000000001,"window":"1m""#, "requests", "must be a whole number from 1 to 1,000,000,000"),
            (#""requests":1.5,"window":"1m""#, "requests", "must be a whole number from 1 to 1,000,000,000"),
            (#""requests":"5","window":"1m""#, "requests", "must be a whole number from 1 to 1,000,000,000"),
            (#""requests":1e300,"window":"1m""#, "requests", "must be a whole number from 1 to 1,000,000,000"),
            (#""window":"1m""#, "requests", "is required"),
            (#""requests":1"#, "window", "is required"),
            (#""requests":1,"window":"0s""#, "window", "must be at least 1s"),
            (#""requests":1,"window":"999ms""#, "window", "must be at least 1s"),
            (
                #""requests":1,"window":"365d""#, "window",
                "must be at most 31d; for a longer time use credits with a refill"
            ),
            (
                #""requests":1,"window":"2678400001ms""#, "window",
                "must be at most 31d; for a longer time use credits with a refill"
            ),
            (
                #""requests":1,"window":"99999999999999999999d""#, "window",
                "must be at most 31d; for a longer time use credits with a refill"
            ),
            (#""requests":1,"window":"1y""#, "window", "must be a duration such as 30s, 1m or 24h"),
            (#""requests":1,"window":"-1m""#, "window", "must be a duration such as 30s, 1m or 24h"),
            (#""requests":1,"window":60"#, "window", "must be a string"),
            (#""requests":1,"window":"1m","burst":5"#, "burst", "must be left out unless algorithm is tokenBucket"),
            (
                #""requests":1,"window":"1m","algorithm":"tokenBucket","burst":0"#, "burst",
                "must be a whole number from 1 to 1,000,000,000"
            ),
            (
                #""requests":1,"window":"1m","algorithm":"tokenBucket","burst":1000000001"#, "burst",
                "must be a whole number from 1 to 1,000,000,000"
            ),
            (
                #""requests":1,"window":"1m","algorithm":"fixedWindow","burst":5"#, "algorithm",
                "must be slidingWindow or tokenBucket"
            ),
            (#""requests":1,"window":"1m","algorithm":7"#, "algorithm", "must be a string"),
            (#""requests":1,"window":"1m","brust":5"#, "brust", "is not a known field"),
        ]
    )
    func violations(given: String, member: String, message: String) throws {
        let (limit, violations) = try Self.read(#"{"name":"a",\#(given)}"#)
        #expect(violations == [Violation("/\(member)", message)])
        #expect(limit == nil || member == "brust")
    }

    @Test("everything that is wrong is told at once")
    func allAtOnce() throws {
        let (limit, violations) = try Self.read(
            #"{"name": "A", "requests": 0, "window": "1y", "algorithm": "tokenBucket", "burst": 0}"#
        )
        #expect(limit == nil)
        #expect(violations.map(\.pointer) == ["/name", "/requests", "/window", "/burst"])
    }

    @Test(
        "numbers that are not read are checked too",
        arguments: [
            (0, Duration.seconds(1), 1), (1_000_000_001, .seconds(1), 1), (1, .milliseconds(999), 1),
            (1, .seconds(31 * 86_400 + 1), 1), (1, .microseconds(1_000_001), 1), (1, .seconds(1), 0),
        ]
    )
    func checked(requests: Int, window: Duration, burst: Int) throws {
        let name = try LimitName(parsing: "a")
        #expect(throws: FieldError.self) {
            try RateLimit(name: name, requests: requests, window: window, algorithm: .tokenBucket(burst: burst))
        }
    }

    @Test("names in a list differ")
    func list() throws {
        let body: JSON = [
            "limits": [
                ["name": "a", "requests": 1, "window": "1m"], ["name": "b", "requests": 1, "window": "1m"],
                ["name": "a", "requests": 0, "window": "1h"],
            ]
        ]
        var reader = ObjectReader(try #require(body.object))
        #expect(RateLimits.read("limits", from: &reader) == nil)
        #expect(
            reader.violations == [
                Violation("/limits/2/requests", "must be at least 1; to let nothing through, suspend the key"),
                Violation("/limits/2/name", "must be a name of its own; the one at /limits/0/name is the same"),
            ]
        )
        #expect(throws: FieldError("must have limits with different names")) {
            try RateLimits([try Self.limit("a"), try Self.limit("a")])
        }
        #expect(throws: FieldError("must have at most 16 limits")) {
            try RateLimits(try (0..<17).map { try Self.limit("a\($0)") })
        }
    }

    @Test("a list reads back", arguments: [0, 1, 16])
    func listReadsBack(count: Int) throws {
        let limits = try RateLimits(try (0..<count).map { try Self.limit("a\($0)") })
        var reader = ObjectReader(JSONObject([("limits", limits.json)]))
        #expect(RateLimits.read("limits", from: &reader) == limits)
        #expect(reader.violations.isEmpty)
        #expect(limits.isEmpty == (count == 0))
    }

    @Test(
        "what is no list",
        arguments: ["x" as JSON, ["x"], [["name": "a"]], .array(Array(repeating: .null, count: 17))]
    )
    func noList(value: JSON) throws {
        var reader = ObjectReader(JSONObject([("limits", value)]))
        #expect(RateLimits.read("limits", from: &reader) == nil)
        #expect(!reader.violations.isEmpty)
    }

    @Test("a list that is missing is no list and no violation")
    func missingList() {
        var reader = ObjectReader(JSONObject())
        #expect(RateLimits.read("limits", from: &reader) == nil)
        #expect(reader.violations.isEmpty)
    }
}
