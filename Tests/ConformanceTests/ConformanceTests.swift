import ClavigerCore
import Foundation
import Testing

/// The real proxies with the configurations of `deploy/`, and one table against each.
///
/// The table is printed and kept in `docs/gateways.md`; `CLAVIGER_RECORD_GATEWAYS=1` writes it there.
@Suite struct ConformanceTests {
    @Test(.timeLimit(.minutes(6))) func everyProxyKeepsTheContract() async throws {
        let stand = try await Stand()
        do {
            let table = try await self.table(stand)
            print(table.markdown)
            try table.compareWithDocumentation()
            try await stand.stop()
        } catch {
            try? await stand.stop()
            throw error
        }
    }

    private func table(_ stand: Stand) async throws -> Table {
        let keys = try await Keys(on: stand)
        try stand.startFront()
        try await stand.startProxies(route: "billing/production")
        var table = Table()
        for section in [Section.verdicts, Section.headers, Section.addresses, Section.paths] {
            await table.run(section, stand, keys)
        }
        stand.freezeAuthority()
        await table.run(Section.frozen, stand, keys)
        stand.thawAuthority()
        await stand.killAuthority()
        await table.run(Section.stopped, stand, keys)
        try await stand.startAuthority()
        await table.run(Section.restarted, stand, keys)
        await stand.killAuthority()
        try await stand.startAuthority(["CLAVIGER_GATEWAY_SECRET_FILE": stand.writeSecret()])
        await table.run(Section.withoutSecret, stand, keys)
        await stand.stopProxies()
        try await stand.startProxies(route: "billing/production", demands: "?scopes=read&cost=2", secret: Stand.secret)
        await table.run(Section.withSecret, stand, keys)
        return table
    }
}
