extension RateLimit {
    /// Reads `{"name", "requests", "window", "algorithm"?, "burst"?}` and collects everything that is wrong.
    public init?(reading reader: inout ObjectReader) {
        let before = reader.violations.count
        let name = reader.required("name", LimitName.init(parsing:))
        let requests = Self.readNumber("requests", isRequired: true, from: &reader, Self.check(requests:))
        let window = reader.required("window", Self.parseWindow)
        let burst = Self.readNumber("burst", isRequired: false, from: &reader, Self.check(burst:))
        let hasKind = reader.value("algorithm") != nil
        let kind = hasKind ? reader.optional("algorithm", Kind.init(parsing:)) : .slidingWindow
        if kind == .slidingWindow, reader.value("burst") != nil {
            reader.refuse("burst", "must be left out unless algorithm is tokenBucket")
        }
        guard let name, let requests, let window, let kind, reader.violations.count == before else { return nil }
        let algorithm: Algorithm =
            switch kind {
            case .slidingWindow: .slidingWindow
            case .tokenBucket: .tokenBucket(burst: burst ?? requests)
            }
        // Every number has been checked one by one, so that each violation has its own place.
        guard let limit = try? RateLimit(name: name, requests: requests, window: window, algorithm: algorithm) else {
            return nil
        }
        self = limit
    }

    /// The limit as an object that reads back to an equal one.
    public var json: JSON {
        let kind: Kind
        let burst: Int?
        switch self.algorithm {
        case .slidingWindow: (kind, burst) = (.slidingWindow, nil)
        case .tokenBucket(let size): (kind, burst) = (.tokenBucket, size)
        }
        return [
            "name": .string(self.name.text),
            "requests": .integer(Int64(self.requests)),
            "window": .string(DurationText.text(for: self.window)),
            "algorithm": .string(kind.rawValue),
            "burst": burst.map { .integer(Int64($0)) },
        ]
    }

    private enum Kind: String {
        case slidingWindow
        case tokenBucket

        init(parsing text: String) throws(FieldError) {
            guard let kind = Kind(rawValue: text) else { throw FieldError("must be slidingWindow or tokenBucket") }
            self = kind
        }
    }

    private static func parseWindow(_ text: String) throws(FieldError) -> Duration {
        let window: Duration
        do {
            window = try DurationText.parse(text)
        } catch {
            switch error {
            case .malformed: throw FieldError("must be a duration such as 30s, 1m or 24h")
            // Longer than every duration there is, so the message is that of one which is too long here.
            case .tooLong: window = .seconds(Int64.max)
            }
        }
        try Self.check(window: window)
        return window
    }

    private static func readNumber(
        _ member: String,
        isRequired: Bool,
        from reader: inout ObjectReader,
        _ check: (Int) throws(FieldError) -> Void
    ) -> Int? {
        guard let value = reader.value(member) else {
            if isRequired { reader.refuse(member, "is required") }
            return nil
        }
        guard let number = value.integer else {
            reader.refuse(member, "must be a whole number from 1 to 1,000,000,000")
            return nil
        }
        do throws(FieldError) {
            try check(Int(number))
            return Int(number)
        } catch {
            reader.refuse(member, error.message)
            return nil
        }
    }
}
