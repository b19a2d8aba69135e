/// From where, when and by whom a key may be used.
///
/// Each kind that is set has to be fulfilled; a kind without entries restricts nothing.
public struct Restrictions: Hashable, Sendable {
    /// The largest number of origins.
    public static let mostOrigins = 100
    /// The largest number of time windows.
    public static let mostTimeWindows = 32
    /// The largest number of certificates.
    public static let mostCertificates = 8

    /// From which networks.
    public let networks: NetworkRules
    /// From pages of which origins.
    public let origins: [OriginPattern]
    /// At which times; no two windows overlap.
    public let timeWindows: [TimeWindow]
    /// With which client certificates.
    public let certificateThumbprints: [CertificateThumbprint]

    /// No restriction at all.
    public static let none = Restrictions(known: .anywhere, [], [], [])

    private init(
        known networks: NetworkRules,
        _ origins: [OriginPattern],
        _ timeWindows: [TimeWindow],
        _ certificateThumbprints: [CertificateThumbprint]
    ) {
        self.networks = networks
        self.origins = origins
        self.timeWindows = timeWindows
        self.certificateThumbprints = certificateThumbprints
    }

    /// Takes a bounded number of each kind, without repetitions and overlaps.
    public init(
        networks: NetworkRules = .anywhere,
        origins: [OriginPattern] = [],
        timeWindows: [TimeWindow] = [],
        certificateThumbprints: [CertificateThumbprint] = []
    ) throws(FieldError) {
        try Self.check("origins", origins, atMost: Self.mostOrigins)
        try Self.check("timeWindows", timeWindows, atMost: Self.mostTimeWindows)
        try Self.check("certificateThumbprints", certificateThumbprints, atMost: Self.mostCertificates)
        if let (one, other) = TimeWindow.firstOverlap(in: timeWindows) { throw FieldError(Self.overlap(one, other)) }
        self.init(known: networks, origins, timeWindows, certificateThumbprints)
    }

    /// Whether nothing is restricted.
    public var isEmpty: Bool {
        self.networks.isEmpty && self.origins.isEmpty && self.timeWindows.isEmpty
            && self.certificateThumbprints.isEmpty
    }

    /// These restrictions, with every kind that they do not set taken from `defaults`.
    ///
    /// Networks are one kind: who sets an allow list does not get the deny list of the defaults.
    public func merged(defaults: Restrictions) -> Restrictions {
        Restrictions(
            known: self.networks.isEmpty ? defaults.networks : self.networks,
            self.origins.isEmpty ? defaults.origins : self.origins,
            self.timeWindows.isEmpty ? defaults.timeWindows : self.timeWindows,
            self.certificateThumbprints.isEmpty ? defaults.certificateThumbprints : self.certificateThumbprints
        )
    }

    private static func check(_ name: String, _ values: [some Hashable], atMost limit: Int) throws(FieldError) {
        guard values.count <= limit else { throw FieldError("\(name) must have at most \(limit) elements") }
        guard Set(values).count == values.count else { throw FieldError("\(name) must not repeat an element") }
    }

    private static func overlap(_ one: Int, _ other: Int) -> String {
        "must not overlap: timeWindows/\(one) and timeWindows/\(other) are open at the same time"
    }
}

// MARK: - JSON

extension Restrictions {
    /// Reads `{"networks": {…}, "origins": […], "timeWindows": […], "certificateThumbprints": […]}`.
    ///
    /// Every member may be missing. Nil if there are violations.
    public init?(reading reader: inout ObjectReader) {
        let violations = reader.violations.count
        let networks = reader.nested("networks") { NetworkRules(reading: &$0) }
        let origins = Self.list(&reader, "origins", atMost: Self.mostOrigins, OriginPattern.init(parsing:))
        let timeWindows = Self.timeWindows(&reader)
        let certificateThumbprints = Self.list(
            &reader,
            "certificateThumbprints",
            atMost: Self.mostCertificates,
            CertificateThumbprint.init(parsing:)
        )
        guard reader.violations.count == violations else { return nil }
        self.init(known: networks ?? .anywhere, origins, timeWindows, certificateThumbprints)
    }

    /// The form that is read; empty members are left out.
    public var json: JSON {
        func list(_ elements: [JSON]) -> JSON? { elements.isEmpty ? nil : .array(elements) }
        return [
            "networks": self.networks.isEmpty ? nil : self.networks.json,
            "origins": list(self.origins.map { .string($0.description) }),
            "timeWindows": list(self.timeWindows.map(\.json)),
            "certificateThumbprints": list(self.certificateThumbprints.map { .string($0.text) }),
        ]
    }

    private static func list<T: Hashable>(
        _ reader: inout ObjectReader,
        _ name: String,
        atMost limit: Int,
        _ parse: (String) throws(FieldError) -> T
    ) -> [T] {
        var seen: Set<T> = []
        let values = reader.list(name, atMost: limit) { text throws(FieldError) in
            let value = try parse(text)
            guard seen.insert(value).inserted else { throw FieldError("must be named only once") }
            return value
        }
        return values ?? []
    }

    private static func timeWindows(_ reader: inout ObjectReader) -> [TimeWindow] {
        // The reader leaves out elements that are no objects or have flaws; the others keep their places in messages.
        let elements = reader.value("timeWindows")?.array ?? []
        var objects = elements.indices.filter { elements[$0].object != nil }[...]
        var places: [Int] = []
        let windows = reader.objects("timeWindows", atMost: Self.mostTimeWindows) { element in
            let place = objects.popFirst() ?? 0
            guard let window = TimeWindow(reading: &element) else { return TimeWindow?.none }
            places.append(place)
            return window
        }
        guard let windows else { return [] }
        if let (one, other) = TimeWindow.firstOverlap(in: windows) {
            let pointer = "\(reader.pointer(to: "timeWindows"))/\(places[other])"
            reader.add([Violation(pointer, Self.overlap(places[one], places[other]))])
        }
        return windows
    }
}
