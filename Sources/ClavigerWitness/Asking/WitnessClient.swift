import AsyncHTTPClient
public import ClavigerClient
public import ClavigerLog
import NIOCore
import NIOHTTP1
import NIOSSL

/// Asks one witness to cosign checkpoints (c2sp.org/tlog-witness), as a log does.
///
///     let witness = try WitnessClient(url: url, key: key)
///     let answer = try await witness.add(request)
///     await witness.shutDown()
///
/// Nothing secret is sent and nothing unsigned is believed, so clear text costs no more than an answer.
public final class WitnessClient: Sendable {
    private static let longestAnswer = 64 * 1024

    /// Where the witness is: the address before `/add-checkpoint`.
    public let url: ServerURL
    /// The key that its cosignatures are checked with.
    public let key: VerifierKey

    private let http: HTTPClient
    private let timeout: Duration

    /// Makes a client; ``shutDown()`` closes its connections.
    ///
    /// - Parameters:
    ///   - key: the key of the witness, which must be one for cosignatures (type 0x04).
    ///   - authorityFile: certificates in PEM format that are trusted instead of the system's.
    ///   - timeout: how long one request may take in all.
    public init(
        url: ServerURL,
        key: VerifierKey,
        authorityFile: String? = nil,
        timeout: Duration = .seconds(10)
    ) throws(WitnessClientError) {
        guard key.type == .cosignature else { throw .notACosigner }
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        // Sooner than a witness closes idle connections (60 s).
        configuration.connectionPool.idleTimeout = .seconds(30)
        if let authorityFile {
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(authorityFile), !certificates.isEmpty else {
                throw .noAuthorities(path: authorityFile)
            }
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(certificates)
            configuration.tlsConfiguration = tls
        }
        self.url = url
        self.key = key
        self.timeout = timeout
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // The library ends the process if a client goes without being shut down.
        Task { [http] in try? await http.shutdown() }
    }

    /// Closes all connections; requests after it are ``WitnessAnswer/unreachable``.
    public func shutDown() async {
        try? await self.http.shutdown()
    }

    /// Asks once.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, and nothing else.
    public func add(_ request: AddCheckpointRequest) async throws -> WitnessAnswer {
        let answer = await withTaskGroup(of: WitnessAnswer?.self) { tasks in
            tasks.addTask { await self.ask(request) }
            tasks.addTask {
                try? await Task.sleep(for: self.timeout)
                return nil
            }
            let first = await tasks.next() ?? nil
            tasks.cancelAll()
            return first
        }
        try Task.checkCancellation()
        return answer ?? .unreachable
    }

    private func ask(_ request: AddCheckpointRequest) async -> WitnessAnswer {
        var call = HTTPClientRequest(url: self.url.text + "/add-checkpoint")
        call.method = .POST
        call.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        call.headers.add(name: "User-Agent", value: "claviger")
        call.body = .bytes(ByteBuffer(bytes: request.bytes))
        guard let response = try? await self.http.execute(call, deadline: .distantFuture),
            let body = try? await response.body.collect(upTo: Self.longestAnswer)
        else { return .unreachable }
        let bytes = Array(body.readableBytesView)
        switch response.status {
        case .ok:
            return self.cosignature(in: bytes, of: request.checkpoint).map { .cosigned($0) } ?? .unverified
        case .conflict:
            let type = response.headers.first(name: "Content-Type")
            guard type == "text/x.tlog.size", let size = Self.size(bytes) else { return .refused(status: 409) }
            return .conflict(lastSize: size)
        default:
            return .refused(status: Int(response.status.code))
        }
    }

    /// The first cosignature by the key of this witness that is good; all else is ignored.
    private func cosignature(in lines: [UInt8], of checkpoint: SignedNote) -> NoteSignature? {
        NoteSignature.parse(lines: lines)?.first { signature in
            guard let note = try? SignedNote(checkpoint.text, signatures: [signature]) else { return false }
            return (try? note.verified(by: [self.key])) != nil
        }
    }

    /// Reads a size and its newline, in the one form that it has.
    private static func size(_ bytes: [UInt8]) -> UInt64? {
        guard let size = UInt64(String(decoding: bytes.dropLast(), as: UTF8.self)),
            bytes.elementsEqual("\(size)\n".utf8)
        else { return nil }
        return size
    }
}

/// Why a client for a witness cannot be made.
public enum WitnessClientError: Error, Hashable, CustomStringConvertible {
    /// The key is not one for cosignatures.
    case notACosigner
    /// The file holds no certificates.
    case noAuthorities(path: String)

    /// One sentence that says what to change.
    public var description: String {
        switch self {
        case .notACosigner:
            "The key of a witness must be one for cosignatures (type 0x04), as `claviger witness` prints it."
        case .noAuthorities(let path):
            "\(path) must hold certificates of authorities in PEM format."
        }
    }
}
