public import ClavigerCore

/// What a policy would become, and what that would mean for the keys that are there.
public struct PolicyDiff: Sendable {
    /// The policy's name.
    public let name: ResourceName
    /// The policy as it is; nil if there is none.
    public let current: Policy?
    /// What it would say.
    public let document: PolicyDocument
    /// What that would mean.
    public let impact: PolicyImpact
}

/// A place in a document whose value differs.
public struct DocumentChange: Hashable, Sendable {
    /// The JSON pointer.
    public let pointer: String
    /// The value before; nil if there was none.
    public let before: JSON?
    /// The value after; nil if there is none.
    public let after: JSON?

    /// What differs between two documents, member by member; lists are compared whole.
    public static func all(from before: JSON?, to after: JSON?, at pointer: String = "") -> [DocumentChange] {
        guard before != after else { return [] }
        let (old, new) = (before?.object, after?.object)
        guard old != nil || new != nil, before == nil || old != nil, after == nil || new != nil else {
            return [DocumentChange(pointer: pointer, before: before, after: after)]
        }
        var names = (old ?? JSONObject()).members.map(\.name)
        names += (new ?? JSONObject()).members.map(\.name).filter { old?[$0] == nil }
        return names.flatMap { name in
            Self.all(from: old?[name], to: new?[name], at: Violation.pointer(pointer, name))
        }
    }
}

extension PolicyDiff {
    /// The fields of a diff for answers.
    public var publicFields: JSON {
        let changes = DocumentChange.all(from: self.current?.document.json, to: self.document.json)
        var fields = JSONObject([
            ("name", .string(self.name.text)),
            (
                "changes",
                .array(
                    changes.map {
                        ["pointer": .string($0.pointer), "before": $0.before, "after": $0.after]
                    }
                )
            ),
        ])
        if let current { fields["currentVersion"] = .integer(Int64(current.version)) }
        for (name, value) in self.impact.publicFields.object?.members ?? [] { fields[name] = value }
        return .object(fields)
    }
}
