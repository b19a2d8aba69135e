import ClavigerClient
import ClavigerCore

extension JSON {
    /// A member as text for a table: strings as they are, lists with spaces between, objects as JSON.
    func text(_ names: String...) -> String {
        var value: JSON? = self
        for name in names { value = value?[name] }
        return value?.cell ?? ""
    }

    /// One member as text for a table.
    func member(_ name: String) -> String { self.text(name) }

    /// The value as text for a table.
    var cell: String {
        switch self {
        case .null: ""
        case .string(let text): text
        case .array(let elements): elements.map(\.cell).joined(separator: " ")
        case .object(let object) where object.isEmpty: ""
        default: String(decoding: self.serialized(), as: UTF8.self)
        }
    }
}

/// Bodies of requests: members in order; nil ones are left out.
struct Body {
    private var object = JSONObject()

    var json: JSON { .object(self.object) }
    var isEmpty: Bool { self.object.isEmpty }

    /// Refuses a change that changes nothing.
    func checkNotEmpty() throws(CommandFailure) {
        guard self.isEmpty else { return }
        throw .usage("There is nothing to change: give at least one option; --help lists them.")
    }

    mutating func set(_ name: String, _ value: String?) {
        if let value { self.object[name] = .string(value) }
    }

    mutating func set(_ name: String, _ value: JSON?) {
        if let value { self.object[name] = value }
    }

    /// Sets a list unless it is empty.
    mutating func set(_ name: String, list: [String]) {
        if !list.isEmpty { self.object[name] = .array(list.map { .string($0) }) }
    }
}

extension Session {
    /// Sends a merge patch, unless nothing is to be changed.
    func patch(_ path: [String], _ body: Body, ifMatch: String?) async throws -> Answer {
        try body.checkNotEmpty()
        return try await self.client.send(.patch, path, body: body.json, headers: Session.precondition(ifMatch))
    }
}
