import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger self`.
struct SelfCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "self",
        abstract: "Show the management key that you use.",
        discussion: "Example:\n  claviger self"
    )

    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run(_ session: Session) async throws {
        session.show(try await session.client.send(.get, ["v1", "self"]).body) { key in
            var fields = FieldList()
            fields.add("id", key.text("id"))
            fields.add("name", key.text("name"))
            fields.add("roles", key.text("roles"))
            fields.add("scopes", key.text("scopes"))
            fields.add("expires", key["expiresAt"]?.string ?? "never")
            return fields.text
        }
    }
}
