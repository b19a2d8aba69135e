import ClavigerTestSupport
import Testing

extension Folder {
    /// Changes recorded events behind the server's back, and leaves no trace besides: a missing trigger would be found when
    /// it starts.
    ///
    /// - Returns: what the statements after the change print.
    func changeEvents(_ change: String, then query: String = "") async throws -> String {
        let trigger = try await self.sql("SELECT sql FROM sqlite_schema WHERE name = 'audit_events_no_update'")
        return try await self.sql("DROP TRIGGER audit_events_no_update; \(change); \(trigger); \(query)")
    }

    private func sql(_ text: String) async throws -> String {
        let process = try ChildProcess("sqlite3", ["-bail", self.data + "/claviger.db", text], folder: self.path)
        #expect(await process.wait() == 0, "\(process.errorText)")
        return process.outputText
    }
}
