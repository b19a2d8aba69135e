import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger policy diff`.
struct PolicyDiffCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what a changed policy would refuse or release, before it is applied.",
        discussion: """
            Example:
              claviger policy diff production production.yaml
              claviger policy show production | sed s/365d/90d/ | \\
                claviger policy diff production -

            Nothing is changed.
            """
    )

    @Argument(help: "The name.") var name: String
    @Argument(help: "The file, in YAML or JSON; - for standard input.") var file: String
    @OptionGroup(title: "Server") var server: ClientOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        try StandardInput.check([("the policy", self.file)], self.server)
    }

    func run(_ session: Session) async throws {
        let document = try PolicyFile.read(self.file)
        let path = PolicyCommand.path + [self.name, "diff"]
        session.show(try await session.client.send(.post, path, body: document).body, PolicyDiffText.text)
    }
}

/// A diff for a person.
enum PolicyDiffText {
    static func text(_ diff: JSON) -> String {
        var parts: [String] = []
        let changes = (diff["changes"]?.array ?? []).map(Self.change)
        let name = diff.text("name").printable
        if let version = diff["currentVersion"]?.integer {
            parts.append(changes.isEmpty ? "\(name) stays version \(version)." : "\(name), version \(version):")
        } else {
            parts.append("\(name) is new:")
        }
        parts += changes.map { "  \($0)" }
        var numbers = FieldList()
        numbers.add("keys it is for", diff.text("keys"))
        numbers.add("meet it afterwards", diff.text("met"))
        for (title, member) in [
            ("in breach now", "before"), ("in breach afterwards", "after"), ("newly in breach", "new"),
            ("released", "released"),
        ] {
            numbers.add(title, diff.text("breaches", member))
        }
        for (title, member) in [
            ("end at once", "now"), ("end sooner", "sooner"), ("end later", "later"), ("live again", "again"),
        ] where diff["ends"]?[member]?.integer != 0 {
            numbers.add(title, diff.text("ends", member))
        }
        parts += ["", numbers.text]
        let rules = diff["breaches"]?["byRule"]?.array ?? []
        if !rules.isEmpty {
            let rows = rules.map { [$0.text("rule"), $0.text("before"), $0.text("after")] }
            parts += ["", TextTable(columns: ["RULE", "NOW", "AFTERWARDS"], rows: rows).text]
        }
        let examples = diff["examples"]?.array ?? []
        if !examples.isEmpty {
            let rows = examples.map { [$0.text("keyId"), $0.text("change"), $0.text("name")] }
            parts += ["", TextTable(columns: ["FOR EXAMPLE", "CHANGE", "NAME"], rows: rows).text]
        }
        return parts.joined(separator: "\n")
    }

    private static func change(_ change: JSON) -> String {
        func value(_ member: String) -> String? {
            change[member].map { String(decoding: $0.serialized(), as: UTF8.self).printable }
        }
        let place = change.text("pointer").printable
        return switch (value("before"), value("after")) {
        case (nil, let after?): "+ \(place): \(after)"
        case (let before?, nil): "- \(place): \(before)"
        case (let before, let after): "~ \(place): \(before ?? "") -> \(after ?? "")"
        }
    }
}
