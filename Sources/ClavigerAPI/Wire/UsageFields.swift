import ClavigerCore
import ClavigerHTTP
import ClavigerService
import ClavigerVerifier

extension AccessLogFilter {
    /// Reads the filters of the access log from a query.
    init(reading query: inout QueryReader) {
        self.init()
        self.keyID = query.optional("keyId", Field.id(of: APIKey.self))
        self.consumerID = query.optional("consumerId", Field.id(of: Consumer.self))
        self.apiID = query.optional("apiId", Field.id(of: API.self))
        self.environment = query.optional("environment", EnvironmentName.init(parsing:))
        self.code = query.optional("code", Field.name(of: VerificationCode.self))?.number
        self.network = query.optional("network", Field.network)
        self.from = query.optional("from", Field.timestamp)
        self.to = query.optional("to", Field.timestamp(notBefore: self.from))
    }
}

extension Field {
    /// A network, or an address.
    static func network(_ text: String) throws(FieldError) -> CIDR {
        do throws(CIDRError) {
            return try CIDR(parsing: text)
        } catch {
            throw FieldError(error.violation)
        }
    }

    /// The end of a time that begins at `from`.
    static func timestamp(notBefore from: Timestamp?) -> (String) throws(FieldError) -> Timestamp {
        { text throws(FieldError) in
            let to = try Self.timestamp(text)
            guard from.map({ $0 <= to }) ?? true else { throw FieldError("must not be before from") }
            return to
        }
    }
}

extension CIDRError {
    /// What is wrong, without the text that is.
    fileprivate var violation: String {
        switch self {
        case .notAnAddress: "must be an address or a CIDR block such as 10.0.0.0/8 or 2001:db8::/32"
        case .prefixOutOfRange(_, let maximum): "must have a prefix length from 0 to \(maximum)"
        case .hostBitsSet(_, let network): "must not have bits set behind its prefix; did you mean \(network)?"
        }
    }
}

extension WhatIf {
    /// Reads the body of `POST /v1/keys/{id}/what-if`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let restrictions = body.nested("restrictions") { Restrictions(reading: &$0) }
        let scopes = body.list("scopes", atMost: KeyDraft.mostScopes, Scope.init(parsing:))
        if body.value("restrictions") == nil, body.value("scopes") == nil {
            body.refuse("restrictions", "is required, or scopes, or both")
        }
        var days = 30
        if let value = body.value("days") {
            if let number = value.integer, (1...90).contains(number) {
                days = Int(number)
            } else {
                body.refuse("days", "must be a whole number from 1 to 90")
            }
        }
        try body.finish()
        self.init(restrictions: restrictions, scopes: scopes, days: days)
    }
}

extension Field {
    static func days(_ text: String) throws(FieldError) -> Int {
        guard let days = Int(text), (1...90).contains(days) else {
            throw FieldError("must be a whole number from 1 to 90")
        }
        return days
    }
}

/// How an export of the access log is written.
enum AccessLogFormat: String, CaseIterable {
    case jsonl, csv

    var mediaType: String {
        switch self {
        case .jsonl: "application/jsonl"
        case .csv: "text/csv; charset=utf-8"
        }
    }

    /// What stands before the entries.
    var head: String? {
        switch self {
        case .jsonl: nil
        case .csv: AccessLogEntry.columns.map(\.name).joined(separator: ",") + "\r\n"
        }
    }

    /// One entry.
    func line(_ entry: AccessLogEntry) -> [UInt8] {
        switch self {
        case .jsonl:
            return entry.line
        case .csv:
            let cells = AccessLogEntry.columns.map { column -> String in
                switch column.value(entry) {
                case .string(let text)?: Self.cell(text)
                case .integer(let number)?: String(number)
                default: ""
                }
            }
            return Array((cells.joined(separator: ",") + "\r\n").utf8)
        }
    }

    /// A cell as RFC 4180 has it.
    ///
    /// What clients send (paths, user agents) may begin with a character that makes a spreadsheet take the cell for a
    /// formula; an apostrophe before it makes it a text.
    static func cell(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) { text = "'" + text }
        let needsQuotes = text.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}

extension UsagePoint {
    /// The fields of a point for answers.
    var publicFields: JSON {
        [
            "start": .string(self.start.text), "code": self.code.map(Self.code), "count": .integer(self.count),
            "cost": .integer(self.cost),
        ]
    }

    fileprivate static func code(_ number: UInt8) -> JSON {
        .string(VerificationCode(number: number)?.rawValue ?? "unknown_\(number)")
    }
}

extension TopUsage {
    /// The fields of a line for answers.
    var publicFields: JSON {
        let (name, value): (String, JSON) =
            switch self.subject {
            case .key(let id): ("keyId", .string(id.text))
            case .consumer(let id): ("consumerId", .string(id.text))
            case .network(let network): ("network", .string(network.description))
            case .path(let path): ("path", .string(path))
            case .code(let code): ("code", UsagePoint.code(code))
            }
        return .object(JSONObject([(name, value), ("count", .integer(self.count)), ("cost", .integer(self.cost))]))
    }
}

extension RefusalCount {
    /// The fields of a count for answers.
    var publicFields: JSON {
        [
            "network": self.network.map { .string($0.description) }, "code": UsagePoint.code(self.code),
            "count": .integer(self.count),
        ]
    }
}

extension LastUse {
    /// The fields of a last use for answers.
    var publicFields: JSON {
        [
            "time": .string(self.time.text), "ip": self.clientAddress.map { .string($0.description) },
            "userAgent": self.userAgent.map(JSON.string),
        ]
    }
}

extension WhatIfReport {
    /// The report for answers.
    var publicFields: JSON {
        let codes = self.refusedByCode.sorted { $0.key.rawValue < $1.key.rawValue }
        return [
            "uses": .integer(Int64(self.uses)),
            "wouldBeRefused": .integer(Int64(self.refusedCount)),
            "notJudged": .integer(Int64(self.notJudged)),
            "byCode": .array(
                codes.map { ["code": .string($0.key.rawValue), "count": .integer(Int64($0.value))] }
            ),
            "refused": .array(
                self.refused.map {
                    [
                        "code": .string($0.code.rawValue), "detail": .string($0.detail),
                        "use": $0.entry.publicFields,
                    ]
                }
            ),
        ]
    }
}

extension ScopeUsage {
    /// The report for answers.
    var publicFields: JSON {
        [
            "scopes": .array(
                self.granted.map {
                    [
                        "scope": .string($0.scope.text), "uses": .integer(Int64($0.uses)),
                        "lastUsed": $0.lastUsed.map { .string($0.text) },
                    ]
                }
            ),
            "proposed": .array(self.proposed.map { .string($0.text) }),
            "uses": .integer(Int64(self.uses)),
            "notJudged": .integer(Int64(self.notJudged)),
        ]
    }
}
