import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger credit …`.
struct CreditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credit",
        abstract: "Set credits aside for work whose cost is known only afterwards.",
        discussion: """
            Example:
              claviger credit reserve key_00mC3rQ8kXv1pT5yZbN7aL 50 --lease 10m
              claviger credit commit res_00mC3rQ8kXv1pT5yZbN7aL 32

            The credits of keys, consumers and plans are given where those are created \
            and updated, with --credits.
            """,
        subcommands: [Reserve.self, Commit.self, Release.self]
    )

    private static let path = ["v1", "credits", "reservations"]

    /// A reservation for a person.
    static func describe(_ reservation: JSON) -> String {
        var fields = FieldList()
        fields.add("id", reservation.text("id"))
        fields.add("state", reservation.text("state"))
        fields.add("amount", reservation.text("amount"))
        fields.add("used", reservation.text("used"))
        fields.add("expires", reservation["state"]?.string == "open" ? reservation.text("expiresAt") : nil)
        return fields.text
    }

    struct Reserve: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set credits of a key aside until they are committed, released or the lease ends.",
            discussion: """
                Example:
                  claviger credit reserve key_00mC3rQ8kXv1pT5yZbN7aL 50 --lease 10m
                  claviger credit reserve - 50 < token
                """
        )

        @Argument(help: "The id of the key, or - for a token on standard input.") var key: String
        @Argument(help: "How many credits.") var amount: Int64
        @Option(help: ArgumentHelp("How long, at most 24h; then they are given back.", valueName: "time"))
        var lease = "60s"
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func validate() throws {
            try StandardInput.check([("the token", self.key)], self.server)
            guard self.key == "-" || (try? APIKey.ID(parsing: self.key)) != nil else {
                throw ValidationError("Give the id of a key, which begins with key_, or - for a token.")
            }
        }

        func run(_ session: Session) async throws {
            var body = Body()
            if self.key == "-" {
                body.set("token", try TokenInput.standardInput())
            } else {
                body.set("keyId", self.key)
            }
            body.set("amount", .integer(self.amount))
            body.set("lease", self.lease)
            let answer = try await session.client.send(.post, CreditCommand.path, body: body.json)
            session.show(answer.body, CreditCommand.describe)
        }
    }

    struct Commit: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Spend credits that were set aside, and give back the rest.",
            discussion: "Example:\n  claviger credit commit res_00mC3rQ8kXv1pT5yZbN7aL 32"
        )

        @Argument(help: "The id of the reservation.") var reservation: String
        @Argument(help: "How many credits the work has cost.") var amount: Int64
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let path = CreditCommand.path + [self.reservation, "commit"]
            let answer = try await session.client.send(.post, path, body: ["amount": .integer(self.amount)])
            session.show(answer.body, CreditCommand.describe)
        }
    }

    struct Release: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give back credits that were set aside.",
            discussion: "Example:\n  claviger credit release res_00mC3rQ8kXv1pT5yZbN7aL"
        )

        @Argument(help: "The id of the reservation.") var reservation: String
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let answer = try await session.client.send(.post, CreditCommand.path + [self.reservation, "release"])
            session.show(answer.body, CreditCommand.describe)
        }
    }
}
