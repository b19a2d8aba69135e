import ArgumentParser
import ClavigerCore
import Foundation

/// The command `claviger config …`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Look at and check the configuration of the server.",
        discussion: """
            Example:
              claviger config show --config claviger.yaml

            A value comes from a flag, else from the environment, else from the file, else \
            from the default.
            """,
        subcommands: [Show.self, Check.self]
    )

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every setting and where its value comes from.",
            discussion: "Example:\n  claviger config show --config claviger.yaml --port 9000"
        )

        @OptionGroup var options: ServeOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run() throws {
            let environment = ProcessInfo.processInfo.environment
            let (_, entries) = try ServerConfiguration.loadWithEntries(self.options, environment: environment)
            if self.output.output == .json {
                let members = entries.map { entry -> (String, JSON) in
                    let source: JSON? = entry.source.isEmpty ? nil : .string(entry.source)
                    return (entry.key.rawValue, ["value": entry.value.map { .string($0) }, "source": source])
                }
                Console.out(JSON.object(JSONObject(members)).pretty)
            } else {
                var table = TextTable(columns: ["KEY", "VALUE", "SOURCE", "VARIABLE"])
                for entry in entries {
                    table.add([entry.key.rawValue, entry.value ?? "-", entry.source, entry.key.variable])
                }
                Console.out(table.text)
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether the server would start with this configuration.",
            discussion: "Example:\n  claviger config check --config /etc/claviger/claviger.yaml"
        )

        @OptionGroup var options: ServeOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run() throws {
            _ = try ServerConfiguration.load(self.options)
            if self.output.output == .json {
                Console.out((["valid": true] as JSON).pretty)
            } else if !self.output.quiet {
                Console.out("The configuration is good.")
            }
        }
    }
}
