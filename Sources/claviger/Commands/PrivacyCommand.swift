import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger privacy …`.
struct PrivacyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "privacy",
        abstract: "Erase what is personal from the records.",
        discussion: "Example:\n  claviger privacy erase --consumer con_…",
        subcommands: [Erase.self]
    )

    struct Erase: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erase what the audit log knows of a consumer: names, addresses, notes.",
            discussion: """
                Example:
                  claviger privacy erase --consumer con_0351sotsvg4PlAcIR6jTSd --yes

                The log keeps commitments, of which nobody can tell any more what they stood for, and verifies as \
                before. Delete the consumer first (then name it by its id), and its own names and metadata are erased too, and \
                those of its keys. Backups and exports that were made before have what they have; the access log keeps \
                addresses as long as usage.keepDetail says.
                """
        )

        @Option(help: ArgumentHelp("The consumer.", valueName: "id or external id")) var consumer: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            // One that was deleted has no external id any more.
            let isID = (try? Consumer.ID(parsing: self.consumer)) != nil
            let id = isID ? self.consumer : try await ConsumerCommand.id(of: self.consumer, session)
            try self.confirmation.confirm("Erase what the audit log knows of \(id)? It cannot be brought back.")
            let answer = try await session.client.send(
                .post,
                ["v1", "privacy", "erase"],
                body: ["consumerId": .string(id)]
            ).body
            session.show(answer) { answer in
                let own = answer["consumerErased"] == true ? " The names of the consumer itself are gone too." : ""
                return "Erased \(answer.text("auditValues")) values.\(own)"
            }
        }
    }
}
