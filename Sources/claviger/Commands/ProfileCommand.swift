import ArgumentParser
import ClavigerClient
import ClavigerCore
import Foundation

/// The command `claviger profile …`.
struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Keep servers and management keys under names.",
        discussion: """
            Example:
              claviger profile add production --url https://keys.example.com \\
                --token-file ./management-key

            Profiles are in ~/.config/claviger/profiles, with mode 0600. The first one is \
            the current one.
            """,
        subcommands: [Add.self, List.self, Use.self, Remove.self, Show.self]
    )

    static func store() throws -> ProfileStore {
        do throws(ProfileError) {
            return try ProfileStore(environment: ProcessInfo.processInfo.environment)
        } catch {
            throw CommandFailure.usage("\(error)")
        }
    }

    static func profile(_ name: String, in profiles: Profiles) throws -> Profile {
        guard let profile = profiles[name] else {
            throw CommandFailure.refused(
                "There is no profile \(name.printable): `claviger profile list` shows those that there are."
            )
        }
        return profile
    }

    /// A profile without its key.
    static func json(_ profile: Profile, isCurrent: Bool) -> JSON {
        [
            "name": .string(profile.name), "url": .string(profile.url.text), "current": .bool(isCurrent),
            "keyStart": profile.tokenStart.map { .string($0) }, "caFile": profile.authorityFile.map { .string($0) },
        ]
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a profile, or replace the one with the same name.",
            discussion: """
                Example:
                  claviger profile add production --url https://keys.example.com \\
                    --token-file ./management-key
                """
        )

        @Argument(help: "A name of letters, digits, hyphens, underscores and dots.") var name: String
        @Option(help: ArgumentHelp("The server.", valueName: "url")) var url = ServerURL.standard.text
        @Option(help: ArgumentHelp("The file with the management key, or - for standard input.", valueName: "file"))
        var tokenFile: String?
        @Option(help: ArgumentHelp("A PEM file of authorities to trust.", valueName: "file")) var caFile: String?
        @Flag(help: "Make it the current profile.") var use = false

        func run() throws {
            guard Profile.isName(self.name) else {
                throw CommandFailure.usage(
                    "A profile's name has 1 to 64 letters, digits, hyphens, underscores and dots."
                )
            }
            let url = try ServerURL(parsing: self.url)
            let key = try self.tokenFile.map { try TokenInput.managementKey(from: $0) }
            let store = try ProfileCommand.store()
            var profiles = try store.readForCommand()
            profiles.add(self.name, url: url, token: key?.token, authorityFile: self.caFile)
            if self.use { profiles.use(self.name) }
            try store.writeForCommand(profiles)
            Console.out("Added the profile \(self.name) for \(url).")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the profiles.",
            discussion: "Example:\n  claviger profile list"
        )

        @OptionGroup(title: "Output") var output: OutputOptions

        func run() throws {
            let profiles = try ProfileCommand.store().readForCommand()
            if self.output.output == .json {
                let items = profiles.all.map { ProfileCommand.json($0, isCurrent: $0.name == profiles.current) }
                Console.out((["items": .array(items)] as JSON).pretty)
                return
            }
            guard !profiles.all.isEmpty else {
                Console.out("There are none; `claviger profile add` makes one.")
                return
            }
            var table = TextTable(columns: ["NAME", "URL", "KEY", "CURRENT"])
            for profile in profiles.all {
                let key = profile.tokenStart.map { "\($0)…" } ?? "-"
                table.add([profile.name, profile.url.text, key, profile.name == profiles.current ? "yes" : ""])
            }
            Console.out(table.text)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a profile, without its key.",
            discussion: "Example:\n  claviger profile show production"
        )

        @Argument(help: "The name; the current one if it is left out.") var name: String?
        @OptionGroup(title: "Output") var output: OutputOptions

        func run() throws {
            let profiles = try ProfileCommand.store().readForCommand()
            guard let name = self.name ?? profiles.current else {
                throw CommandFailure.refused("There is no current profile: choose one with `claviger profile use`.")
            }
            let profile = try ProfileCommand.profile(name, in: profiles)
            if self.output.output == .json {
                Console.out(ProfileCommand.json(profile, isCurrent: name == profiles.current).pretty)
                return
            }
            var fields = FieldList()
            fields.add("name", profile.name)
            fields.add("url", profile.url.text)
            fields.add("key", profile.tokenStart.map { "\($0)…" })
            fields.add("ca file", profile.authorityFile)
            fields.add("current", name == profiles.current ? "yes" : "no")
            Console.out(fields.text)
        }
    }

    struct Use: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a profile the current one.",
            discussion: "Example:\n  claviger profile use production"
        )

        @Argument(help: "The name.") var name: String

        func run() throws {
            let store = try ProfileCommand.store()
            var profiles = try store.readForCommand()
            profiles.use(try ProfileCommand.profile(self.name, in: profiles).name)
            try store.writeForCommand(profiles)
            Console.out("The current profile is \(self.name).")
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a profile and forget its key. The key stays valid; `claviger key revoke` ends it.",
            discussion: "Example:\n  claviger profile remove production"
        )

        @Argument(help: "The name.") var name: String

        func run() throws {
            let store = try ProfileCommand.store()
            var profiles = try store.readForCommand()
            profiles.remove(try ProfileCommand.profile(self.name, in: profiles).name)
            try store.writeForCommand(profiles)
            Console.out("Removed the profile \(self.name).")
        }
    }
}
