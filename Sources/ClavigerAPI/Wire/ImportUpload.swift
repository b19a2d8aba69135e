import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Foundation
import HTTPTypes
import Hummingbird

/// What `POST /v1/imports` says of the lines in its body.
struct ImportUpload {
    /// How the lines are written.
    enum Format {
        case jsonLines, csv
    }

    private static let keyHeader = HTTPField.Name("X-Import-HMAC-Key")
    private static let mostLines = 1_000_000_000

    let settings: ImportSettings
    let format: Format
    /// The number of the first line of the body; the names of the columns have none of their own where an import is
    /// continued.
    let firstLine: Int
    /// The consumer of lines that name none.
    let owner: Label?
    /// What consumers are that lines bring.
    let ownerKind: Consumer.Kind

    init(reading request: Request) throws(Problem) {
        self.format = try Self.format(of: request)
        var query = QueryReader(request.uri.query)
        let api = query.optional("apiId", Reference<API>.init(parsing:))
        let environment = query.optional("environment", EnvironmentName.init(parsing:))
        let name = query.optional("name", Field.label)
        let hash = query.optional("hashes", Field.name(of: FastHash.self))
        let pattern = query.optional("find", IDPattern.init(parsing:))
        let hashed = query.optional("hashed", Field.name(of: HashedPart.self)) ?? .token
        let createsConsumers = query.optional("createConsumers", Self.truth) ?? false
        self.owner = query.optional("consumerExternalId", Field.externalID)
        self.ownerKind = query.optional("consumerKind", Field.name(of: Consumer.Kind.self)) ?? .service
        let firstLine = query.optional("firstLine", Self.line)
        let isDryRun = query.optional("dryRun", Self.truth) ?? false
        try query.finish()
        var violations: [Violation] = []
        if api == nil { violations.append(Violation("?apiId", "is required")) }
        if environment == nil { violations.append(Violation("?environment", "is required")) }
        if hashed == .rest, pattern == nil {
            violations.append(
                Violation("?hashed", "needs find, as the rest is what stands behind the part that it finds")
            )
        }
        // What stands before the id would be in no hash: any text there would do.
        if hashed == .rest, case .field(_, let index) = pattern, index > 1 {
            violations.append(
                Violation(
                    "?hashed",
                    "must be token with a field beyond the first, as what stands before it is not hashed"
                )
            )
        }
        let hmacKey = Self.hmacKey(in: request, &violations)
        if hash == .hmacSHA256, hmacKey == nil, violations.isEmpty {
            violations.append(Violation("X-Import-HMAC-Key", "is required with hashes=hmac-sha256"))
        }
        guard let api, let environment, violations.isEmpty else { throw .validation(violations) }
        self.settings = ImportSettings(
            api: api,
            environment: environment,
            name: name,
            hash: hash,
            hmacKey: hmacKey,
            pattern: pattern,
            hashesRest: hashed == .rest,
            createsConsumers: createsConsumers,
            isDryRun: isDryRun
        )
        self.firstLine = firstLine ?? (self.format == .csv ? 2 : 1)
    }

    private enum HashedPart: String, CaseIterable {
        case token, rest
    }

    private static func format(of request: Request) throws(Problem) -> Format {
        let type = (request.headers[.contentType] ?? "").prefix { $0 != ";" && $0 != " " }.lowercased()
        switch type {
        case "application/jsonl", "application/x-ndjson": return .jsonLines
        case "text/csv": return .csv
        default:
            throw Problem(
                .unsupportedMediaType,
                "Send the lines with Content-Type: application/jsonl, application/x-ndjson or text/csv."
            )
        }
    }

    private static func hmacKey(in request: Request, _ violations: inout [Violation]) -> HMACKey? {
        guard let name = Self.keyHeader, let text = request.headers[name] else { return nil }
        do throws(FieldError) {
            guard let bytes = Data(base64Encoded: text) else { throw FieldError("must be base64") }
            return try HMACKey(Array(bytes))
        } catch {
            violations.append(Violation(name.canonicalName, error.message))
            return nil
        }
    }

    private static func truth(_ text: String) throws(FieldError) -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw FieldError("must be true or false")
        }
    }

    private static func line(_ text: String) throws(FieldError) -> Int {
        guard let number = Int(text), (1...Self.mostLines).contains(number) else {
            throw FieldError("must be the number of a line, from 1")
        }
        return number
    }
}
