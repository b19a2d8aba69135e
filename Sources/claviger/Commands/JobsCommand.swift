import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger jobs …`.
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "See what the server does by itself, and have it done now.",
        discussion: """
            Example:
              claviger jobs
              claviger jobs run unused
            """,
        subcommands: [List.self, Run.self],
        defaultSubcommand: List.self
    )

    /// A job for a person.
    static func describe(_ job: JSON) -> String {
        var fields = FieldList()
        fields.add("name", job.text("name"))
        fields.add("does", job.text("description"))
        fields.add("state", job.text("state"))
        fields.add("every", job.text("every"))
        fields.add("next", job.text("nextDueAt"))
        fields.add("ended", job.text("endedAt"))
        fields.add("runs", job.text("runs"))
        fields.add("failures", job["failures"] == .integer(0) ? nil : job.text("failures"))
        fields.add("failure", job.text("failure"))
        return fields.text
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the jobs: when each is done next, and how it ended last.",
            discussion: "Example:\n  claviger jobs list"
        )

        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let answer = try await session.client.send(.get, ["v1", "jobs"]).body
            session.show(answer) { answer in
                TextTable(
                    columns: ["NAME", "STATE", "EVERY", "NEXT", "ENDED", "RUNS", "FAILURE"],
                    rows: (answer["items"]?.array ?? []).map { job in
                        ["name", "state", "every", "nextDueAt", "endedAt", "runs", "failure"].map { job.text($0) }
                    }
                ).text
            }
        }
    }

    struct Run: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a job done now instead of at its time.",
            discussion: """
                Example:
                  claviger jobs run rotation

                It is begun within a few seconds; `claviger jobs` shows how it ended.
                """
        )

        @Argument(help: "The name of the job.") var name: String
        @OptionGroup var creation: CreationOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let answer = try await session.client.send(
                .post,
                ["v1", "jobs", self.name, "run"],
                headers: Session.idempotency(self.creation.idempotencyKey)
            )
            session.show(answer.body, JobsCommand.describe)
        }
    }
}
