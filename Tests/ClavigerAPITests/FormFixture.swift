import ClavigerCore
import ClavigerStore
import ClavigerTestSupport
import Foundation
import HTTPTypes

extension APIFixture {
    /// Sends a form as OAuth clients do.
    func form(
        _ path: String,
        _ fields: [(String, String)],
        token: String? = nil,
        authorization: String? = nil
    ) async throws -> Answer {
        let text = fields.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
        return try await self.rawForm(path, text, token: token, authorization: authorization)
    }

    func rawForm(
        _ path: String,
        _ text: String,
        token: String? = nil,
        authorization: String? = nil,
        contentType: String = "application/x-www-form-urlencoded"
    ) async throws -> Answer {
        var headers: HTTPFields = [.contentType: contentType]
        if let authorization { headers[.authorization] = authorization }
        return try await self.sendRaw(.post, path, Array(text.utf8), token: token, headers: headers)
    }

    /// Makes a key's credential one that has been replaced, whose grace ends then.
    ///
    /// Before the first use of its token: the verifier is not told.
    func replaceCredential(of key: String, endsAt end: Timestamp) async throws {
        try await self.test.database.write { connection in
            _ = try connection.execute(
                "UPDATE credentials SET state = 'retiring', retires_at = \(end) WHERE key_id = \(key)"
            )
        }
    }

    static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Data("\(Self.encoded(user)):\(Self.encoded(password))".utf8).base64EncodedString()
    }

    static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            if character == " " { return "+" }
            let isPlain = byte < 0x80 && (character.isLetter || character.isNumber || "-._*".contains(character))
            return isPlain ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
