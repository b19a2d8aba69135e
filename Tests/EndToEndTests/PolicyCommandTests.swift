import ClavigerCore
import Foundation
import Testing

/// `claviger policy` against a real server.
@Suite struct PolicyCommandTests {
    private static let policy = """
        # Keys of production
        appliesTo: {apis: [payments], environments: [production]}
        name:
          patterns: ["svc-*"]
        lifetime: {maximum: 365d}
        """

    @Test func itIsSetShownComparedCheckedAndDeleted() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let environment = ["CLAVIGER_URL": server.url, "CLAVIGER_TOKEN": try folder.firstKey()]
        func run(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
            try await ServerProcess.run(arguments, folder, environment: environment)
        }
        _ = try await run("api", "create", "payments", "--prefix", "pay")
        _ = try await run("consumer", "create", "acme", "--kind", "customer")
        func key(_ name: String) async throws -> (status: Int32, output: String, errors: String) {
            try await run(
                "key",
                "create",
                name,
                "--api",
                "payments",
                "--environment",
                "production",
                "--consumer",
                "acme"
            )
        }
        #expect(try await key("svc-a").status == 0)
        #expect(try await key("wrong").status == 0)
        let file = folder.path + "/production.yaml"
        try Data(Self.policy.utf8).write(to: URL(filePath: file))

        #expect(try await run("policy", "check").status == 0)
        let diff = try await run("policy", "diff", "production", file)
        #expect(diff.status == 0, "\(diff.errors)")
        #expect(diff.output.contains("production is new:"))
        #expect(diff.output.contains("newly in breach       1"))
        #expect(try await run("policy", "show", "production").status == 1)
        #expect(try await run("policy", "set", "production", file, "--dry-run").output == diff.output)
        let set = try await run("policy", "set", "production", file)
        #expect(set.status == 0, "\(set.errors)")
        #expect(set.output.contains("version  1"))
        #expect(try await run("policy", "list").output.contains("payments"))

        let check = try await run("policy", "check")
        #expect(check.status == 1)
        #expect(check.output.contains("payments/production  active  wrong"))
        #expect(check.output.contains("production: name.patterns: /name must fit the pattern svc-*"))
        #expect(check.errors.contains("2 keys checked, 1 in breach."))
        let lines = try await run("policy", "check", "--output", "json")
        #expect(lines.status == 1)
        #expect(lines.output.split(separator: "\n").count == 2)
        #expect(try await run("policy", "check", "--environment", "staging").status == 0)

        let refused = try await key("other")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("/name: must fit the pattern svc-* (rule name.patterns, policy production)"))

        let shown = try await run("policy", "show", "production")
        #expect(shown.output.hasPrefix("# production, version 1\n"))
        try Data(shown.output.utf8).write(to: URL(filePath: file))
        #expect(try await run("policy", "set", "production", file).output.contains("version  1"))
        try Data("appliesTo: {apis: [payments]}\nnmae: {}\n".utf8).write(to: URL(filePath: file))
        let flawed = try await run("policy", "set", "production", file)
        #expect(flawed.status == 1)
        #expect(flawed.errors.contains("/nmae: is not a known field"))
        try Data("a: [".utf8).write(to: URL(filePath: file))
        #expect(try await run("policy", "set", "production", file).status == 2)
        #expect(try await run("policy", "delete", "production").status == 0)
        #expect(try await run("policy", "versions", "production").output.contains("deleted"))
        #expect(try await run("policy", "check").status == 0)
        await server.stop()
    }

    @Test func theTemplatePrintsAPolicy() async throws {
        let folder = try Folder()
        let template = try await ServerProcess.run(["policy", "template"], folder)
        #expect(template.status == 0)
        #expect(template.output.contains("appliesTo:"))
    }
}
