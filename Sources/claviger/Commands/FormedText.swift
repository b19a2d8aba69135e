import ArgumentParser
import ClavigerCore

/// Texts of the command line that have a form of their own and stand for a value of the API.
///
/// The server's own rules are applied here too, so that a wrong value is refused before anything is sent, and beside
/// the option that it was given with.
enum FormedText {
    /// Reads the object that a text stands for; everything that is wrong with it is told.
    static func read<T>(_ object: JSONObject, _ read: (inout ObjectReader) -> T?) throws -> T {
        var reader = ObjectReader(object)
        guard let value = read(&reader), reader.violations.isEmpty else {
            let flaws = reader.violations.map { violation in
                // The place in a list says nothing to somebody who has written a text.
                let names = violation.pointer.split(separator: "/").filter { Int($0) == nil }
                return (names.last.map { "\($0) " } ?? "") + violation.message
            }
            throw ValidationError(flaws.isEmpty ? "it cannot be used" : flaws.joined(separator: "; "))
        }
        return value
    }

    /// Applies the parser of a value.
    static func parse<T>(_ text: String, _ parse: (String) throws(FieldError) -> T) throws -> T {
        do throws(FieldError) {
            return try parse(text)
        } catch {
            throw ValidationError("it \(error.message)")
        }
    }

    /// The options behind a comma, such as `tokenBucket,burst=20`: bare words of a choice, and names with a value.
    ///
    /// - Returns: The members that the options stand for.
    static func options(
        _ parts: some Sequence<Substring>,
        choice: (member: String, words: [String]),
        numbers: [String],
        texts: [String] = []
    ) throws -> JSONObject {
        var members = JSONObject()
        func set(_ name: String, _ value: JSON) throws {
            guard members[name] == nil else { throw ValidationError("\(name) is given twice") }
            members[name] = value
        }
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if pair.count == 1, choice.words.contains(pair[0]) {
                try set(choice.member, .string(pair[0]))
            } else if pair.count == 2, numbers.contains(pair[0]) {
                try set(pair[0], .integer(try Self.number(pair[1], pair[0])))
            } else if pair.count == 2, texts.contains(pair[0]) {
                try set(pair[0], .string(pair[1]))
            } else {
                let allowed = choice.words + numbers.map { "\($0)=number" } + texts.map { "\($0)=name" }
                throw ValidationError("after a comma there can be \(allowed.joined(separator: ", "))")
            }
        }
        return members
    }

    /// A whole number.
    static func number(_ text: some StringProtocol, _ what: String) throws -> Int64 {
        guard let number = Int64(text) else { throw ValidationError("\(what) must be a whole number") }
        return number
    }
}

extension RateLimit {
    /// How a limit is written on the command line.
    static let form = "name=requests/window"

    /// Reads `burst=100/1m`, or `burst=100/1m,tokenBucket,burst=20`.
    init(argument text: String) throws {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let head = (parts.first ?? "").split(separator: "=", omittingEmptySubsequences: false)
        let rate = head.count == 2 ? head[1].split(separator: "/", omittingEmptySubsequences: false) : []
        guard head.first?.isEmpty == false, rate.count == 2, rate.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError(
                "write name=requests/window, such as burst=100/1m, or burst=100/1m,tokenBucket,burst=20"
            )
        }
        var object = try FormedText.options(
            parts.dropFirst(),
            choice: ("algorithm", ["slidingWindow", "tokenBucket"]),
            numbers: ["burst"]
        )
        object["name"] = .string(String(head[0]))
        object["requests"] = .integer(try FormedText.number(rate[0], "requests"))
        object["window"] = .string(String(rate[1]))
        // Only a bucket has a burst: who gives one means a bucket.
        if object["burst"] != nil, object["algorithm"] == nil { object["algorithm"] = "tokenBucket" }
        self = try FormedText.read(object) { RateLimit(reading: &$0) }
    }
}

extension CreditPolicy {
    /// How credits are written on the command line.
    static let form = "amount[/period]"

    /// Reads `1000`, `1000/month`, or `1000/month,accumulate,cap=5000,first=200,timeZone=Europe/Berlin`.
    init(argument text: String) throws {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let head = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(head.count), let amount = Int64(head[0]) else {
            throw ValidationError("write a number such as 1000, or a number for each period such as 1000/month")
        }
        guard head.count == 1 || RefillInterval(rawValue: String(head[1])) != nil else {
            throw ValidationError("the period must be hour, day, week or month, such as 1000/month")
        }
        var refill = try FormedText.options(
            parts.dropFirst(),
            choice: ("mode", ["replace", "accumulate"]),
            numbers: ["cap", "first"],
            texts: ["timeZone"]
        )
        guard head.count == 2 || refill.isEmpty else {
            throw ValidationError("what follows the comma is for credits that come again, such as 1000/month")
        }
        let first = refill["first"] ?? .integer(amount)
        refill["first"] = nil
        refill["amount"] = .integer(amount)
        if head.count == 2 { refill["every"] = .string(String(head[1])) }
        let object: JSON = ["amount": first, "refill": head.count == 2 ? .object(refill) : nil]
        self = try FormedText.read(object.object ?? JSONObject()) { CreditPolicy(reading: &$0) }
    }
}

extension TimeWindow {
    /// How a time window is written on the command line.
    static let form = "days hours zone"

    /// Reads `mon-fri 08:00-18:00 Europe/Berlin`, or `sat,sun 10:00-16:00 UTC`.
    init(argument text: String) throws {
        let parts = text.split(whereSeparator: \.isWhitespace).map(String.init)
        let hours = parts.count == 3 ? parts[1].split(separator: "-", omittingEmptySubsequences: false) : []
        guard hours.count == 2 else {
            throw ValidationError(
                "write days, hours and time zone between quotes, such as \"mon-fri 08:00-18:00 Europe/Berlin\""
            )
        }
        let object = JSONObject([
            ("days", .array(try Self.days(parts[0].lowercased()).map { .string($0.text) })),
            ("from", .string(String(hours[0]))), ("to", .string(String(hours[1]))), ("timeZone", .string(parts[2])),
        ])
        self = try FormedText.read(object) { TimeWindow(reading: &$0) }
    }

    private static func days(_ text: String) throws -> [Weekday] {
        try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part -> [Weekday] in
            let ends = try part.split(separator: "-", omittingEmptySubsequences: false).map { name in
                try FormedText.parse(String(name)) { text throws(FieldError) in
                    do throws(FieldError) {
                        return try Weekday(parsing: text)
                    } catch {
                        throw FieldError("must begin with days, which are \(Self.names)")
                    }
                }
            }
            guard let first = ends.first, let last = ends.last, ends.count <= 2 else {
                throw ValidationError("write days as mon-fri or as sat,sun")
            }
            let week = Weekday.allCases
            // From Friday to Monday is over the weekend.
            let length = (last.rawValue - first.rawValue + week.count) % week.count
            return (0...length).map { week[(first.rawValue + $0) % week.count] }
        }
    }

    private static let names = Weekday.allCases.map(\.text).joined(separator: ", ")
}

extension OriginPattern {
    /// Reads `https://app.example.com` or `https://*.example.com`.
    init(argument text: String) throws {
        self = try FormedText.parse(text, OriginPattern.init(parsing:))
    }
}

extension CertificateThumbprint {
    /// Reads a SHA-256 digest, as `openssl x509 -fingerprint -sha256` shows it too.
    init(argument text: String) throws {
        self = try FormedText.parse(text, CertificateThumbprint.init(parsing:))
    }
}
