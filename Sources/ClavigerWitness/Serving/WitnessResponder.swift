import ClavigerCore
public import ClavigerHTTP
import ClavigerLog
import HTTPTypes
public import Hummingbird
public import Logging
import NIOCore
import NIOPosix

/// The calls of a witness: `POST /add-checkpoint`, `GET /vkey` and `GET /healthz`; nothing is at any other path.
public struct WitnessResponder: HTTPResponder {
    /// The context of a request.
    public typealias Context = BasicRequestContext

    /// The most bytes that a request may have; the checkpoint of a log that itself has hundreds of witnesses has fewer.
    static let longestBody = 256 * 1024

    private let witness: Witness
    private let requestIDs: RequestIDs
    private let isSecure: Bool
    private let logger: Logger

    /// Makes the calls of a witness.
    ///
    /// - Parameter isSecure: whether the server speaks TLS, and so tells browsers to insist on it.
    public init(_ witness: Witness, requestIDs: RequestIDs, isSecure: Bool, logger: Logger) {
        self.witness = witness
        self.requestIDs = requestIDs
        self.isSecure = isSecure
        self.logger = logger
    }

    /// Answers a request.
    public func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let id = self.requestIDs.next()
        var response = await self.answer(request, id)
        if let name = HTTPField.Name("X-Request-Id") { response.headers[name] = id }
        response.headers[.cacheControl] = "no-store"
        response.headers[.xContentTypeOptions] = "nosniff"
        // One year, as RFC 6797 section 6.1.1 counts it.
        if self.isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        return response
    }

    private func answer(_ request: Request, _ id: String) async -> Response {
        switch (request.method, request.uri.path) {
        case (.post, "/add-checkpoint"): await self.addCheckpoint(request, id)
        case (.get, "/vkey"): Self.text("\(self.witness.key)\n")
        case (.get, "/healthz"): Self.text("ok\n")
        default: ProblemResponse.response(for: Problem(.notFound, Self.paths), requestID: id)
        }
    }

    private func addCheckpoint(_ request: Request, _ id: String) async -> Response {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.longestBody)
        } catch is NIOTooManyBytesError {
            let problem = Problem(.payloadTooLarge, "A request to add a checkpoint has at most 256 KiB.")
            return ProblemResponse.response(for: problem, requestID: id)
        } catch {
            let problem = Problem(.invalidRequest, "The body did not arrive whole.")
            return ProblemResponse.response(for: problem, requestID: id)
        }
        do {
            // The disk is waited for, which an event loop must not do.
            let verdict = try await NIOThreadPool.singleton.runIfActive {
                try self.witness.add(body.readableBytesView)
            }
            self.log(verdict, id)
            return Self.response(to: verdict, id)
        } catch {
            return self.failure(error, id)
        }
    }

    private static func response(to verdict: WitnessVerdict, _ id: String) -> Response {
        switch verdict {
        case .cosigned(let cosignature, _):
            return Self.text(cosignature.line)
        case .refused(.conflict(let size), _), .refused(.forked(let size), _):
            return Self.text("\(size)\n", status: .conflict, type: "text/x.tlog.size")
        case .refused(.malformed, _):
            return Self.problem(.invalidRequest, "The body is not a request to add a checkpoint.", id)
        case .refused(.olderSizeTooLarge, _):
            return Self.problem(.invalidRequest, "The old size is larger than the size of the checkpoint.", id)
        case .refused(.notSigned, _):
            return Self.problem(.forbidden, "No key of the log that this witness trusts signed the checkpoint.", id)
        case .refused(.unknownOrigin, _):
            return Self.problem(.notFound, "This witness does not watch the log of this checkpoint.", id)
        case .refused(.inconsistent, _):
            return Self.problem(.validationFailed, "The proof does not lead from the old size to the checkpoint.", id)
        }
    }

    /// What could not be decided, or not be kept, is not cosigned.
    private func failure(_ error: any Error, _ id: String) -> Response {
        var metadata: Logger.Metadata = ["requestId": "\(id)"]
        if let error = error as? WitnessStoreError {
            metadata["cause"] = "\(error)"
        } else {
            metadata["cause"] = "\(type(of: error))"
        }
        self.logger.error("nothing is cosigned of this log", metadata: metadata)
        return Self.problem(.unavailable, "The witness cannot use what it keeps of this log; see its log.", id)
    }

    private func log(_ verdict: WitnessVerdict, _ id: String) {
        var metadata: Logger.Metadata = ["requestId": "\(id)"]
        let submission: Submission?
        switch verdict {
        case .cosigned(_, let cosigned): submission = cosigned
        case .refused(let refusal, let refused):
            submission = refused
            metadata["refusal"] = "\(refusal)"
        }
        if let submission {
            metadata["origin"] = "\(submission.checkpoint.origin)"
            metadata["size"] = "\(submission.checkpoint.size)"
            metadata["root"] = "\(submission.checkpoint.root)"
        }
        switch verdict {
        case .cosigned: self.logger.info("checkpoint cosigned", metadata: metadata)
        case .refused(.forked, _):
            // With the log's own signature: it proves what the log did.
            metadata["signature"] = "\(submission?.signature.line.dropLast() ?? "")"
            self.logger.critical("the log signed two trees of one size", metadata: metadata)
        case .refused(.inconsistent, _): self.logger.error("checkpoint without a proof", metadata: metadata)
        case .refused: self.logger.info("checkpoint refused", metadata: metadata)
        }
    }

    private static let paths =
        "There is nothing at this path. A witness has POST /add-checkpoint, GET /vkey and GET /healthz."

    private static func text(
        _ text: String,
        status: HTTPResponse.Status = .ok,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }

    private static func problem(_ kind: Problem.Kind, _ detail: String, _ id: String) -> Response {
        var response = ProblemResponse.response(for: Problem(kind, detail), requestID: id)
        // No credential would change a witness's mind.
        response.headers[.wwwAuthenticate] = nil
        return response
    }
}
