import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger self`.
struct SelfCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "self",
        abstract: "Show the key that you use.",
        discussion: """
            Example:
              claviger self

            With --token-file it is any key, not only a management key.
            """
    )

    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        session.show(try await session.client.send(.get, ["v1", "self"]).body) { key in
            var fields = FieldList()
            fields.add("id", key.text("id"))
            fields.add("name", key.text("name"))
            fields.add("state", key.text("state"))
            fields.add("api", key.text("api"))
            fields.add("environment", key.text("environment"))
            fields.add("roles", key.text("roles"))
            fields.add("scopes", key.text("scopes"))
            fields.add("expires", key["expiresAt"]?.string ?? "never")
            fields.add("rotate by", key.text("rotation", "mustRotateBy"))
            return fields.text
        }
    }
}
