import ClavigerCore
import ClavigerStore
import ClavigerTestSupport
import Foundation
import HTTPTypes

extension APIFixture {
    /// A token as another system makes them.
    static let foreignToken = "gX7pQ2vN.9aKc4LmRt8YwZb3EjHs6UdFo1iBxT5Vn"

    /// Sends lines, each a JSON object, to the production keys of `payments`.
    func importLines(
        _ lines: [JSON],
        _ query: String = "",
        token: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        let text = lines.map { String(decoding: $0.serialized(), as: UTF8.self) + "\n" }.joined()
        return try await self.importText(text, query, token: token, headers: headers)
    }

    /// Sends a text.
    func importText(
        _ text: String,
        _ query: String = "",
        type: String = "application/jsonl",
        token: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var fields = headers
        fields[.contentType] = type
        return try await self.sendRaw(
            .post,
            "/v1/imports?apiId=payments&environment=production\(query)",
            Array(text.utf8),
            token: token ?? self.test.ownerToken,
            headers: fields
        )
    }

    /// The row of the credential of an imported key.
    func importedCredential() async throws -> (scheme: String?, digest: [UInt8]?) {
        try await self.test.database.read { connection in
            let row = try connection.row("SELECT foreign_scheme, digest FROM credentials WHERE import_id IS NOT NULL")
            return (try row?.value("foreign_scheme", as: String?.self), try row?.value("digest", as: [UInt8]?.self))
        }
    }
}
