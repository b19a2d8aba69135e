import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger keyring …`.
struct KeyringCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keyring",
        abstract: "Look at and rotate the keys that protect the stored data.",
        discussion: "Example:\n  claviger keyring list",
        subcommands: [List.self, Rotate.self]
    )

    /// The keyring for a person.
    static func describe(_ keyring: JSON) -> String {
        var table = TextTable(columns: ["PURPOSE", "VERSION", "STATE", "CREATED"])
        for entry in keyring["items"]?.array ?? [] {
            table.add(["purpose", "version", "state", "createdAt"].map(entry.member))
        }
        guard let waiting = keyring["credentialsOnOldPeppers"]?.integer, waiting > 0 else { return table.text }
        let credentials = waiting == 1 ? "1 credential is" : "\(waiting) credentials are"
        return "\(table.text)\n\(credentials) hashed anew at the next use."
    }

    enum Purpose: String, CaseIterable, ExpressibleByArgument {
        case pepper
        case seal
        case cursor
        case auditSigning = "audit-signing"
        case all
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the purpose keys and their versions.",
            discussion: "Example:\n  claviger keyring list"
        )

        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            session.show(try await session.client.send(.get, ["v1", "keyring"]).body, KeyringCommand.describe)
        }
    }

    struct Rotate: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new version of a purpose key.",
            discussion: """
                Example:
                  claviger keyring rotate pepper

                Nothing stops working: what was made with older versions can still be read, \
                sealed values are sealed anew in the background, and credentials are hashed \
                anew at their next use.
                """
        )

        @Argument(help: "pepper, seal, cursor, audit-signing or all.") var purpose: Purpose
        @Option(help: ArgumentHelp("Makes repeating the command safe for 24 hours.", valueName: "text"))
        var idempotencyKey: String?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let answer = try await session.client.send(
                .post,
                ["v1", "keyring", "rotate"],
                body: ["purpose": .string(self.purpose.rawValue)],
                headers: Session.idempotency(self.idempotencyKey)
            )
            session.show(answer.body, KeyringCommand.describe)
        }
    }
}
