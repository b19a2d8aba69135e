import ClavigerCore
import Foundation
import Testing

/// Keys by request and reviews of keys, as people use them: the program's own commands against a real server.
@Suite struct RequestCommandTests {
    /// The program with one person's management key.
    private struct Person {
        let folder: Folder
        let url: String
        let token: String

        @discardableResult
        func run(_ arguments: [String], expecting status: Int32 = 0) async throws -> String {
            let result = try await ServerProcess.run(
                arguments,
                self.folder,
                environment: ["CLAVIGER_URL": self.url, "CLAVIGER_TOKEN": self.token]
            )
            #expect(result.status == status, "\(arguments.prefix(2)): \(result.output) \(result.errors)")
            return result.output.trimmingCharacters(in: .newlines)
        }

        func json(_ arguments: [String]) async throws -> JSON {
            try JSON.parse(Array(try await self.run(arguments + ["--output", "json"]).utf8))
        }

        /// Another person, whose management key has these scopes.
        func makePerson(_ name: String, _ scopes: [String]) async throws -> Person {
            try await self.run(["consumer", "create", name, "--kind", "user"])
            let scopes = scopes.flatMap { ["--scope", $0] }
            let token = try await self.run(
                ["key", "create", name, "--api", "claviger", "--environment", "production", "--consumer", name] + scopes
            )
            return Person(folder: self.folder, url: self.url, token: token)
        }
    }

    @Test func aRequestWithAQuorumAndAReviewOfItsKey() async throws {
        let folder = try Folder()
        let server = try await ServerProcess.start(folder)
        let owner = Person(folder: folder, url: server.url, token: try folder.firstKey())
        try await owner.run([
            "api", "create", "payments", "--prefix", "pay", "--scope", "invoices.read", "--scope", "x",
        ])
        try await owner.run(["api", "approval", "payments", "production", "--quorum", "2"])
        try await owner.run(["consumer", "create", "acme", "--kind", "customer"])
        let rita = try await owner.makePerson("rita", ["apis.payments.production.keys.request"])
        let ada = try await owner.makePerson("ada", ["apis.payments.production.keys.approve"])
        let bob = try await owner.makePerson("bob", ["apis.payments.production.keys.approve"])

        let key = [
            "Acme production", "--api", "payments", "--environment", "production", "--consumer", "acme", "--scope",
            "invoices.read", "--scope", "x",
        ]
        try await owner.run(["key", "create"] + key, expecting: 1)
        let reason = ["--purpose", "Invoices", "--justification", "Contract 17", "--wanted-life", "30d"]
        let request = try await rita.json(["request", "create"] + key + reason).text("id")
        try await rita.run(["request", "update", request, "--ticket", "OPS-1"])
        try await ada.run(["request", "approve", request, "--version", "1"], expecting: 1)
        try await ada.run(["request", "comment", request, "Fine"])
        try await ada.run(["request", "approve", request, "--version", "2"])
        try await rita.run(["request", "collect", request], expecting: 1)
        #expect(try await bob.run(["request", "list", "--state", "pending"]).contains(request))
        try await bob.run(["request", "approve", request, "--version", "2", "--comment", "Agreed"])
        let shown = try await rita.run(["request", "show", request])
        #expect(shown.contains("2 of 2"))
        #expect(shown.contains("approved"))
        // On a pipe the token stands alone.
        let token = try await rita.run(["request", "collect", request])
        #expect(token.hasPrefix("pay_live_"))
        #expect(!token.contains("\n"))
        try await rita.run(["request", "collect", request], expecting: 1)

        let second = try await rita.json(["request", "create"] + key + reason).text("id")
        try await ada.run(["request", "deny", second, "--comment", "One is enough"])
        let third = try await rita.json(["request", "create"] + key + reason).text("id")
        try await rita.run(["request", "withdraw", third])

        let review = try await owner.json([
            "review", "create", "Q1", "--api", "payments", "--due", "14d", "--every", "90d",
        ])
        .text("id")
        let items = try await owner.json(["review", "items", review])["items"]?.array ?? []
        #expect(items.count == 1)
        let item = items.first?.text("id") ?? ""
        try await owner.run(["review", "sign-off", review], expecting: 1)
        try await owner.run(["review", "decide", review, item, "reduce", "--scope", "invoices.read"])
        #expect(try await owner.run(["review", "sign-off", review, "--comment", "Complete"]).contains("closed"))
        #expect(try await owner.run(["review", "list"]).contains(review))
        let wrong = try await owner.json(["review", "create", "Q2", "--api", "payments", "--due", "14d"]).text("id")
        try await owner.run(["review", "cancel", wrong, "--comment", "Too early"])
        let cancelled = try await owner.json(["review", "list", "--state", "cancelled"])["items"]?.array ?? []
        #expect(cancelled.map { $0.text("id") } == [wrong])
        let csv = try await owner.run(["review", "export", review, "--format", "csv"])
        #expect(csv.contains(",reduce,"))

        let hero = try await owner.makePerson("kim", ["apis.payments.production.keys.break_glass"])
        let urgent = try await hero.run(
            ["key", "create"] + key + ["--break-glass", "Billing is down", "--until", "4h"]
        )
        #expect(urgent.hasPrefix("pay_live_"))
        let open = try await ada.json(["request", "list", "--break-glass", "open"])["items"]?.array ?? []
        #expect(open.count == 1)
        try await ada.run(["request", "review", open.first?.text("id") ?? "", "justified", "Incident 12"])
        #expect(try await ada.json(["request", "list", "--break-glass", "open"])["items"]?.array?.isEmpty == true)
        #expect(await server.stop() == 0)
        for token in [token, urgent, rita.token, ada.token] { #expect(!server.printed.contains(token.suffix(49))) }
    }
}

extension JSON {
    fileprivate func text(_ name: String) -> String { self[name]?.string ?? "" }
}
