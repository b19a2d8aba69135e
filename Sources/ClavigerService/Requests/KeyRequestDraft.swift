public import ClavigerCore

/// What somebody asks for.
public struct KeyRequestDraft: Sendable {
    /// A new key, or a change of one that there is.
    public enum Subject: Sendable {
        case key(KeyDraft)
        case change(APIKey.ID, KeyPatch)
    }

    /// What is asked for.
    public var subject: Subject
    /// How long a new key is to live from the moment that it is made.
    public var wantedLife: Duration?
    /// Why.
    public var about: KeyRequest.About

    /// Makes a draft.
    public init(subject: Subject, wantedLife: Duration? = nil, about: KeyRequest.About) {
        self.subject = subject
        self.wantedLife = wantedLife
        self.about = about
    }
}

/// What the requester wants to ask for instead.
public struct KeyRequestPatch: Sendable {
    /// What a new key is to be; nil if nothing of it changes.
    public var key: KeyPatch?
    /// What a change is to do, in place of what it did; nil if it stays.
    public var change: KeyPatch?
    /// How long a new key is to live.
    public var wantedLife: Edit<Duration> = .keep
    /// What the key is for.
    public var purpose: Edit<String> = .keep
    /// The system that will use it.
    public var system: Edit<String> = .keep
    /// What kinds of data it reaches.
    public var dataClasses: Edit<[String]> = .keep
    /// Why it is needed.
    public var justification: Edit<String> = .keep
    /// Where it is written down elsewhere.
    public var ticket: Edit<String> = .keep

    /// Makes a patch that changes nothing.
    public init() {}

    func applied(to about: KeyRequest.About) -> KeyRequest.About {
        KeyRequest.About(
            purpose: self.purpose.applied(to: about.purpose),
            system: self.system.applied(to: about.system),
            dataClasses: self.dataClasses.applied(to: Optional(about.dataClasses)) ?? [],
            justification: self.justification.applied(to: about.justification),
            ticket: self.ticket.applied(to: about.ticket)
        )
    }
}

/// A request as of a moment, with what was said of it.
public struct KeyRequestReading: Sendable {
    /// The request.
    public let value: KeyRequest
    /// What was said and decided; empty in lists.
    public let notes: [KeyRequestNote]
    /// Who of those that approved counts.
    public let counted: Set<APIKey.ID>
    /// How many have to approve.
    public let quorum: Int
    /// As of when.
    public let readAt: Timestamp

    /// The fields for the audit log, which has each comment once, when it is made.
    var recordFields: JSON {
        guard var fields = self.publicFields.object else { return self.publicFields }
        fields["comments"] = nil
        return .object(fields)
    }

    /// The fields of a request for answers.
    public var publicFields: JSON {
        let request = self.value
        let about = request.about.json.object ?? JSONObject()
        let what: JSON = [
            "id": .string(request.id.text),
            "type": .string(request.typeName),
            "state": .string(request.state(at: self.readAt).rawValue),
            "version": .integer(Int64(request.version)),
            "apiId": .string(request.apiID.text),
            "environment": .string(request.environment.text),
            "consumerId": .string(request.consumerID.text),
            "keyId": request.keyID.map { .string($0.text) },
            "kind": .string(request.kind.rawValue),
            "key": .object(request.wanted.publicFields),
            "wantedLife": request.wantedLife.map { .string(DurationText.text(for: $0)) },
        ]
        var fields = what.object ?? JSONObject()
        if case .change = request.subject {
            fields["changes"] = .object(request.changes)
            fields["widens"] = .array(request.widening.map { .string($0.rawValue) })
        }
        for member in about.members { fields[member.name] = member.value }
        fields["requestedBy"] = .string(request.requestedBy.text)
        fields["requesterConsumerId"] = .string(request.requesterConsumerID.text)
        fields["quorum"] = .integer(Int64(self.quorum))
        fields["approvals"] = self.list(.approval)
        fields["denials"] = self.list(.denial)
        fields["comments"] = self.list(.comment)
        fields["stateChangedAt"] = .string(request.stateAt.text)
        fields["stateChangedBy"] = request.stateBy.map { .string($0.text) }
        if request.state.isOpen { fields["endsAt"] = .string(request.endsAt.text) }
        fields["breakGlass"] = request.breakGlass?.publicFields
        fields["createdAt"] = .string(request.createdAt.text)
        fields["updatedAt"] = .string(request.updatedAt.text)
        return .object(fields)
    }

    private func list(_ kind: KeyRequestNote.Kind) -> JSON? {
        let notes = self.notes.filter { $0.kind == kind }
        guard !notes.isEmpty else { return nil }
        return .array(
            notes.map { note in
                [
                    "keyId": .string(note.by.text), "consumerId": .string(note.consumerID.text),
                    "version": .integer(Int64(note.version)), "at": .string(note.at.text),
                    "comment": note.text.isEmpty ? nil : .string(note.text),
                    "counts": kind == .approval
                        ? .bool(note.version == self.value.version && self.counted.contains(note.by)) : nil,
                ]
            }
        )
    }
}

extension BreakGlass {
    /// The fields of an emergency for answers and the audit log.
    var publicFields: JSON {
        [
            "reason": .string(self.reason), "until": .string(self.until.text),
            "review": self.review?.publicFields ?? ["state": "open"],
        ]
    }
}

extension BreakGlass.Review {
    fileprivate var publicFields: JSON {
        [
            "state": "closed", "decision": .string(self.isJustified ? "justified" : "unjustified"),
            "comment": .string(self.comment), "by": .string(self.by.text), "at": .string(self.at.text),
        ]
    }
}
