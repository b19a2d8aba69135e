import ClavigerCore
import ClavigerService

extension RotationRequest {
    /// Reads the body of `POST /v1/keys/{id}/rotate`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let grace = body.grace() ?? .usual
        let endsOlderGrace = body.flag("endGrace") ?? false
        let reason = body.optional("reason", Field.name(of: TransitionReason.self)) ?? .superseded
        try body.finish()
        self.init(grace: grace, endsOlderGrace: endsOlderGrace, reason: reason)
    }
}

extension RotationGrace {
    /// Reads the body of `POST /v1/keys/{id}/rotation/extend`.
    init(reading json: JSON) throws(Problem) {
        var body = try ObjectReader(body: json)
        let grace = body.grace()
        if grace == nil, body.violations.isEmpty { body.refuse("grace", "is required, or until, or quietFor") }
        try body.finish()
        guard let grace else { throw .validation(body.violations) }
        self = grace
    }
}

extension ObjectReader {
    /// One of `grace`, `until` and `quietFor`; nil where none is given.
    fileprivate mutating func grace() -> RotationGrace? {
        let names = ["grace", "until", "quietFor"]
        var given: [String] = []
        for name in names where self.value(name) != nil { given.append(name) }
        for name in given.dropFirst() { self.refuse(name, "must not be given together with \(given[0])") }
        guard given.count == 1 else { return nil }
        switch given[0] {
        case "grace": return self.optional("grace", Field.grace).map { .lasting($0) }
        case "until": return self.optional("until", Field.timestamp).map { .until($0) }
        default: return self.optional("quietFor", Field.lifetime).map { .untilQuiet(for: $0) }
        }
    }

    /// An optional member that is true or false.
    fileprivate mutating func flag(_ name: String) -> Bool? {
        guard let value = self.value(name) else { return nil }
        guard case .bool(let flag) = value else {
            self.refuse(name, "must be true or false")
            return nil
        }
        return flag
    }
}

extension Field {
    /// A duration that may be zero, for which `0` is enough.
    static func grace(_ text: String) throws(FieldError) -> Duration {
        do throws(DurationTextError) {
            return try text == "0" ? .zero : DurationText.parse(text)
        } catch {
            throw FieldError("must be 0 or a duration such as 12h or 7d")
        }
    }
}
