import ClavigerCore
import ClavigerTestSupport
import Foundation
import Testing

/// The audit log as a real server writes it, verified by others, and by us when somebody has been at it.
@Suite struct AuditLogConformanceTests {
    private static let wanted = 100_000
    /// Keys that are changed again and again.
    private static let keys = 5_000
    private static let changes = 1_000
    private static let seed: UInt64 = 20_261_122

    @Test(.timeLimit(.minutes(20))) func hundredThousandEntriesVerifiedByOthers() async throws {
        let stand = try await AuditLogStand()
        do {
            try await self.check(stand)
            await stand.stop()
        } catch {
            await stand.stop()
            throw error
        }
    }

    private func check(_ stand: AuditLogStand) async throws {
        // Two exports of a small log, so that there is something older.
        try await stand.importKeys(700, api: "small", seed: Self.seed)
        let key = try await stand.claviger("audit", "key").trimmingCharacters(in: .newlines)
        try await stand.changeAll("suspend", api: "small")
        let older = try await stand.export("older")
        try await stand.changeAll("resume", api: "small")
        let small = try await stand.export("small")
        let since = "\(stand.folder)/since"
        try FileManager.default.copyItem(atPath: small + "/checkpoint", toPath: since)

        // It writes the large one while the small one is changed.
        async let written: Void = self.writeLargeLog(stand)
        try await self.checkChanges(stand, small, older: older, key: key, since: since)
        try await written

        let proofs = try await self.proofs(stand, of: [0, 255, 256, 65_535, 65_536, 77_777, Self.wanted - 1])
        let log = try await stand.export("large")
        let own = try await stand.verify(log, key: key, since: since)
        #expect(own.status == 0, "\(own.errors)")
        let root = try JSON.parse(Array(own.output.utf8))["root"]?.string

        let others = try await ForeignVerifiers(in: stand.folder)
        let earlier = [older + "/checkpoint", since]
        async let fromGo = others.go(log, key: key, earlier: earlier, proofs: proofs)
        async let fromPython = others.python(log, earlier: earlier, proofs: proofs)
        let go = try await fromGo
        for found in [go, try await fromPython] {
            #expect(found["size"]?.integer ?? 0 >= Int64(Self.wanted))
            #expect(found["root"]?.string == root)
            #expect(found["earlier"] == 2)
            #expect(found["proofs"]?.integer == Int64(proofs.count))
            #expect(found["inclusions"]?.integer ?? 0 > 50)
            #expect(found["consistencies"]?.integer ?? 0 > 50)
        }
        // Three levels: all of the first two, and one tile above.
        #expect(go["tiles"]?.integer ?? 0 >= Int64(Self.wanted / 256 + 2 + 1))
        try await self.checkLargeChanges(stand, log, key: key, since: since, others)
    }

    /// What the server says in proof of some entries.
    private func proofs(_ stand: AuditLogStand, of indexes: [Int]) async throws -> [String] {
        var paths: [String] = []
        for index in indexes {
            let text = try await stand.claviger("audit", "prove", "\(index)")
            paths.append("\(stand.folder)/proof-\(index)")
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(stand.folder)/proof-\(index)"))
        }
        return paths
    }

    private func writeLargeLog(_ stand: AuditLogStand) async throws {
        try await stand.importKeys(Self.keys, api: "large", seed: Self.seed + 1)
        for round in 0..<(Self.wanted / Self.keys) {
            try await stand.changeAll(round.isMultiple(of: 2) ? "suspend" : "resume", api: "large")
        }
    }

    /// One change after the other, each of which has to be found and named.
    private func checkChanges(
        _ stand: AuditLogStand,
        _ folder: String,
        older: String,
        key: String,
        since: String
    ) async throws {
        print("changes of the log: seed \(Self.seed)")
        var random = SeededGenerator(seed: Self.seed)
        let log = try LogChange.Log(folder, older: older)
        #expect(try await AuditLogStand.refusal(of: folder, key: key, since: since) == nil)
        var kinds: [LogChange.Kind: Int] = [:]
        var number = 0
        while number < Self.changes {
            guard let change = try LogChange(of: log, using: &random) else { continue }
            number += 1
            kinds[change.kind, default: 0] += 1
            try change.apply(to: log)
            let refusal = try await AuditLogStand.refusal(of: folder, key: key, since: since)
            #expect(refusal.map(change.isNamed) == true, "\(number): \(change): \(refusal ?? "nothing found")")
            // The same from the outside, now and then: a process takes longer to start than to verify this.
            if number.isMultiple(of: 50) {
                let (status, output, errors) = try await stand.verify(folder, key: key, since: since)
                #expect(status == 1, "\(number): \(change)")
                #expect(change.isNamed(by: errors), "\(number): \(change): \(errors)")
                #expect(try JSON.parse(Array(output.utf8))["valid"] == false)
            }
            try change.undo(in: log)
        }
        #expect(kinds.count == LogChange.Kind.allCases.count)
        // Everything was put back, so it was the changes that were found.
        #expect(try await AuditLogStand.refusal(of: folder, key: key, since: since) == nil)
    }

    /// Some changes far inside the large log, where there are tiles of three levels.
    private func checkLargeChanges(
        _ stand: AuditLogStand,
        _ folder: String,
        key: String,
        since: String,
        _ others: ForeignVerifiers
    ) async throws {
        let places = [
            ("tile/entries/300", "Entry 76800 "), ("tile/1/000", "tile/1/000"), ("tile/2/000.p/1", "tile/2/000.p/1"),
        ]
        for (path, name) in places {
            let url = URL(fileURLWithPath: folder + "/" + path)
            let bytes = try Data(contentsOf: url)
            var changed = bytes
            changed[changed.startIndex + 20] ^= 4
            try changed.write(to: url)
            let (status, _, errors) = try await stand.verify(folder, key: key, since: since)
            #expect(status == 1, "\(path)")
            #expect(errors.contains(name), "\(path): \(errors)")
            await #expect(throws: Unexpected.self, "\(path)") { try await others.go(folder, key: key) }
            // It reads entries only.
            if path.hasPrefix("tile/entries/") {
                await #expect(throws: Unexpected.self, "\(path)") { try await others.python(folder) }
            }
            try bytes.write(to: url)
        }
    }
}
