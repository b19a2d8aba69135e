import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Foundation
import HTTPTypes
import Hummingbird

extension ManagementAPI {
    private static let keyIdentifierHeader = HTTPField.Name("Github-Public-Key-Identifier")
    private static let signatureHeader = HTTPField.Name("Github-Public-Key-Signature")

    func registerLeaks(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/leaks") { request, context in
            let leaks = try LeakedToken.report(reading: try await request.json(atMost: Self.batchLimit))
            let answers = try await self.authority.reportLeaks(leaks, by: context.caller)
            return .json(["items": .array(answers.map(\.wire))])
        }
        registry.authenticated(.get, "/v1/leaks") { request, context in
            var query = QueryReader(request.uri.query)
            var filter = LeakFilter()
            filter.key = query.optional("keyId", Field.id(of: APIKey.self))
            filter.source = query.optional("source", LeakedToken.source)
            filter.outcome = query.optional("outcome", Field.name(of: LeakOutcome.self))
            let paging = try Paging(&query, request, context, self.authority)
            let reports = try await self.authority.leakReports(filter, page: paging.request, by: context.caller)
            return try paging.answer(reports, position: \.id.text, \.publicFields)
        }
        registry.open(.post, "/v1/leaks/github") { request, origin in
            guard let keys = self.gitHubKeys else { throw HTTPError(.notFound) }
            guard let identifier = Self.keyIdentifierHeader.flatMap({ request.headers[$0] }),
                let signature = Self.signatureHeader.flatMap({ request.headers[$0] }).flatMap(Self.decode)
            else { throw Problem.notFromGitHub }
            let body = try await request.rawBody(atMost: Self.largeBodyLimit)
            guard try await keys.isSigned(body, signature, keyIdentifier: identifier) else {
                throw Problem.notFromGitHub
            }
            let report = try GitHubReport(reading: try Self.parse(body))
            let answers = try await self.authority.reportLeaks(report.leaks, requestID: origin.requestID)
            return .json(report.feedback(answers))
        }
    }

    private static func decode(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text).map { Array($0) }
    }

    private static func parse(_ body: [UInt8]) throws(Problem) -> JSON {
        do throws(JSONError) {
            return try JSON.parse(body)
        } catch {
            throw Problem(.invalidJSON, error.message)
        }
    }
}

extension Problem {
    /// The one answer to a report that GitHub has not signed, for whatever reason.
    static let notFromGitHub = Problem(.badSignature, "The report does not have a signature of GitHub's that fits.")
}
