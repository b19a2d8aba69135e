import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger key history`.
struct KeyHistoryCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what happened to a key, from the request for it to its end, and what each step changed.",
        discussion: "Example:\n  claviger key history key_…"
    )

    /// What says nothing of a change.
    private static let ignored: Set<String> = ["updatedAt", "version"]

    @Argument(help: "The key's id.") var key: String
    @OptionGroup var page: ListOptions
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        try await session.list(
            ["v1", "keys", self.key, "history"],
            [],
            self.page,
            table: ["INDEX", "TIME", "ACTION", "ACTOR", "OUTCOME", "CHANGE"]
        ) { event in
            [
                event.text("index"), event.text("time"), event.text("action"), AuditCommand.actor(event),
                event.text("outcome"), Self.change(event),
            ]
        }
    }

    /// What changed: the members whose values differ, before and after.
    static func change(_ event: JSON) -> String {
        let before = event["before"]?.object ?? JSONObject()
        let after = event["after"]?.object ?? JSONObject()
        guard !before.isEmpty else { return event.text("reason") }
        var names = after.members.map(\.name)
        names += before.members.map(\.name).filter { after[$0] == nil }
        let changes = names.filter { !Self.ignored.contains($0) && before[$0] != after[$0] }.map { name in
            "\(name): \(Self.text(before[name])) → \(Self.text(after[name]))"
        }
        return changes.joined(separator: ", ")
    }

    private static func text(_ value: JSON?) -> String {
        value.map { $0.string ?? String(decoding: $0.serialized(), as: UTF8.self) } ?? "-"
    }
}
