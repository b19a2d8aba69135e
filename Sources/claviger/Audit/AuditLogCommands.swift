import ArgumentParser
import ClavigerClient
import ClavigerCore
import ClavigerLog
import Foundation

/// The command `claviger audit prove`.
struct AuditProveCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Write the proof that an event is in the log, with its entry (C2SP tlog-proof).",
        discussion: """
            Example:
              claviger audit prove 42 > event-42.tlog-proof
              claviger audit verify --proof event-42.tlog-proof --key "$(cat log.vkey)"
            """
    )

    @Argument(help: "The index of the event.") var index: UInt64
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let path = ["v1", "audit", "events", String(self.index), "proof"]
        guard let proof = try await session.client.bytes(path) else {
            throw CommandFailure.refused("There is no event \(self.index) in the log, or it is not at hand any more.")
        }
        try Console.write(proof)
    }
}

/// The command `claviger audit key`.
struct AuditKeyCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Show the key that the log is signed with, for those who verify it.",
        discussion: """
            Example:
              claviger audit key > log.vkey

            Hand it on by a way that whoever could change the log cannot change too.
            """
    )

    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let info = try await AuditKeyInfo.fetch(session.client)
        session.show(info.json) { $0.text("key") }
    }
}

/// The command `claviger audit hash`.
struct AuditHashCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash",
        abstract: "Tell which commitments in the log stand for a value, such as an address or a name.",
        discussion: """
            Example:
              claviger audit hash 203.0.113.7

            The value itself does not go on record.
            """
    )

    @Argument(help: "The value, exactly.") var value: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        let answer = try await session.client.send(
            .post,
            ["v1", "audit", "hash"],
            body: ["value": .string(self.value)]
        )
        session.show(items: answer.body, table: ["COMMITMENT", "FIELD", "SUBJECT"]) { item in
            [item.text("commitment"), item.text("field"), item.text("subject")]
        }
    }
}

/// The command `claviger audit tail`.
struct AuditTailCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show events as they are recorded, until you stop it.",
        discussion: """
            Example:
              claviger audit tail
              claviger audit tail --last 100 --output json | jq .action
            """
    )

    private static let pageSize = 200
    private static let pause = Duration.seconds(1)

    @Option(help: ArgumentHelp("Begin with this many events of before.", valueName: "number")) var last = 10
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        guard (0...Self.pageSize).contains(self.last) else {
            throw ValidationError("--last must be from 0 to \(Self.pageSize).")
        }
    }

    func run(_ session: Session) async throws {
        let first = try await self.page(session, limit: max(1, self.last), cursor: nil)
        self.show(first.items.prefix(self.last).reversed(), session)
        var newest = first.items.first?["index"]?.integer ?? -1
        while true {
            try await Task.sleep(for: Self.pause)
            var new: [JSON] = []
            var cursor: String?
            repeat {
                let page = try await self.page(session, limit: Self.pageSize, cursor: cursor)
                let unseen = page.items.filter { ($0["index"]?.integer ?? -1) > newest }
                new += unseen
                cursor = unseen.count == page.items.count ? page.next : nil
            } while cursor != nil
            newest = new.first?["index"]?.integer ?? newest
            self.show(new.reversed(), session)
        }
    }

    private func page(_ session: Session, limit: Int, cursor: String?) async throws -> (items: [JSON], next: String?) {
        var query = [("limit", String(limit))]
        if let cursor { query.append(("cursor", cursor)) }
        let answer = try await session.client.send(.get, ["v1", "audit", "events"], query: query).body
        return (answer["items"]?.array ?? [], answer["nextCursor"]?.string)
    }

    private func show(_ events: some Sequence<JSON>, _ session: Session) {
        for event in events {
            if session.isJSON {
                Console.out(String(decoding: event.serialized(), as: UTF8.self))
            } else {
                let parts = [
                    event.text("index"), event.text("time"), event.text("action"), AuditCommand.target(event),
                    AuditCommand.actor(event), event.text("outcome"), event.text("reason"),
                ]
                Console.out(parts.joined(separator: "  ").printable)
            }
        }
    }
}
