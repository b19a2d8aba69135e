/// A record as it stands in the audit log: canonical JSON (RFC 8785) of at most 65,535 bytes, in which commitments
/// stand for what is personal.
///
/// These bytes are what the tree is made of; they never change. Commitments are told from what they stand for when
/// they are read, as long as that has not been erased.
public struct AuditLeaf: Hashable, Sendable {
    /// The most bytes of a leaf (C2SP tlog-tiles: entries have a length of two bytes).
    public static let longest = 65_535
    /// The version of the form.
    private static let version: JSON = 1

    /// The bytes.
    public let bytes: [UInt8]
    /// The commitment to the address that the actor came from, or a use that is recorded.
    public let network: Commitment?

    /// Makes the leaf of a record.
    ///
    /// - Parameters:
    ///   - index: its place in the log.
    ///   - commit: gives the commitment to a value of a field of somebody, and keeps the value.
    public init(
        _ record: AuditRecord,
        at index: Int,
        committing commit: (_ field: String, _ value: JSON, PersonalSubject) throws -> Commitment
    ) throws {
        var network: Commitment?
        if case .key(_, _, let address?) = record.actor {
            network = try commit("network", .string(address), record.actorSubject)
        }
        func hide(_ fields: JSON?) throws -> JSON? {
            guard let fields else { return nil }
            let subject = PersonalFields.subject(of: record, fields)
            return try PersonalFields.replaced(in: fields, of: record.target.kind) { try commit($0, $1, subject) }
        }
        let (before, after) = (try hide(record.before), try hide(record.after))
        self.network = network ?? after?["network"].flatMap { Commitment(json: $0) }
        let bytes = Self.json(record, at: index, network, before, after).canonical()
        guard bytes.count > Self.longest else {
            self.bytes = bytes
            return
        }
        // What is too long for a leaf is committed to as a whole.
        func whole(_ name: String, _ fields: JSON?) throws -> JSON? {
            try fields.map { try commit(name, $0, .workspace(record.workspaceID)).json }
        }
        self.bytes = Self.json(record, at: index, network, try whole("before", before), try whole("after", after))
            .canonical()
    }

    private static func json(
        _ record: AuditRecord,
        at index: Int,
        _ network: Commitment?,
        _ before: JSON?,
        _ after: JSON?
    ) -> JSON {
        let actor: JSON =
            switch record.actor {
            case .system: ["kind": "system"]
            case .key(let id, let consumer, _):
                [
                    "kind": "key", "keyId": .string(id.text), "consumerId": .string(consumer.text),
                    "network": network?.json,
                ]
            }
        return [
            "v": Self.version,
            "index": .integer(Int64(index)),
            "id": .string(record.id.text),
            "workspaceId": .string(record.workspaceID.text),
            "time": .string(record.at.text),
            "actor": actor,
            "action": .string(record.action),
            "target": ["kind": .string(record.target.kind), "id": record.target.id.map(JSON.string)],
            "outcome": .string(record.outcome.rawValue),
            "reason": record.reason.map(JSON.string),
            "before": before,
            "after": after,
            "requestId": record.requestID.map(JSON.string),
        ]
    }
}

extension JSON {
    /// What the commitments in a leaf may stand for: each with everybody whom ``PersonalFields/subject(of:_:)`` may have
    /// taken.
    public var personalValues: [PersonalValueID] {
        let subjects = [
            self["workspaceId"], self["actor"]?["consumerId"], self["target"]?["id"], self["before"]?["consumerId"],
            self["after"]?["consumerId"],
        ]
        let commitments = self.commitments
        return Set(subjects.compactMap { $0?.string }).flatMap { subject in
            commitments.map { PersonalValueID(subject: subject, commitment: $0) }
        }
    }

    /// All commitments that stand anywhere in the value.
    private var commitments: [Commitment] {
        if let commitment = Commitment(json: self) { return [commitment] }
        return switch self {
        case .object(let object): object.members.flatMap(\.value.commitments)
        case .array(let elements): elements.flatMap(\.commitments)
        default: []
        }
    }

    /// The value with what is known in the place of its commitments; those of which nothing is known stay.
    ///
    /// What stands for a value of another field stays too: somebody has put it there.
    public func revealing(_ values: [Commitment: PersonalValue]) -> JSON {
        self.revealing(values, in: nil)
    }

    private func revealing(_ values: [Commitment: PersonalValue], in name: String?) -> JSON {
        if let commitment = Commitment(json: self) {
            guard let known = values[commitment], known.field == name else { return self }
            // Only what was too long for its leaf has commitments of ours.
            return PersonalValue.wholes.contains(known.field) ? known.value.revealing(values) : known.value
        }
        switch self {
        case .object(let object):
            var revealed = JSONObject()
            for (name, value) in object.members { revealed.append(unique: name, value.revealing(values, in: name)) }
            return .object(revealed)
        case .array(let elements): return .array(elements.map { $0.revealing(values, in: name) })
        default: return self
        }
    }
}

/// What a commitment stands for.
public struct PersonalValue: Hashable, Sendable {
    /// The fields that are committed to as a whole where a leaf would be too long.
    public static let wholes: Set<String> = ["before", "after"]

    /// The field.
    public let field: String
    /// Its value.
    public let value: JSON

    /// Makes a value of a field.
    public init(field: String, value: JSON) {
        self.field = field
        self.value = value
    }
}

/// What a personal value is found by.
public struct PersonalValueID: Hashable, Sendable {
    /// The id of whom it is about.
    public let subject: String
    /// What stands for it in leaves.
    public let commitment: Commitment

    /// Names a value.
    public init(subject: String, commitment: Commitment) {
        self.subject = subject
        self.commitment = commitment
    }
}
