import AsyncHTTPClient
public import ClavigerCore
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Calls a Claviger server.
///
///     try await ClavigerClient.with(settings) { client in
///         let verification = try await client.verify(SecretText(token), api: "payments")
///     }
public struct ClavigerClient: Sendable {
    /// Where to call, and as whom.
    public struct Settings: Sendable {
        /// The server.
        public var url: ServerURL
        /// The management key.
        public var token: SecretText?
        /// A file of certificates in PEM format that are trusted instead of the system's.
        public var authorityFile: String?
        /// How long a call may take.
        public var timeout: Duration
        /// Whether the management key may travel in clear text to another machine.
        public var allowsPlaintext: Bool
        /// The most connections at once; further calls wait for one of them.
        public var connections: Int

        /// Makes settings.
        public init(
            url: ServerURL,
            token: SecretText? = nil,
            authorityFile: String? = nil,
            timeout: Duration = .seconds(30),
            allowsPlaintext: Bool = false,
            connections: Int = 8
        ) {
            self.url = url
            self.token = token
            self.authorityFile = authorityFile
            self.timeout = timeout
            self.allowsPlaintext = allowsPlaintext
            self.connections = connections
        }
    }

    private static let largestAnswer = 32 * 1024 * 1024
    // Metadata of the allowed depth stands inside of keys and lists.
    private static let limits = JSONLimits(depth: 64, values: 2_000_000)

    private static let count = Atomic<UInt64>(0)

    let settings: Settings
    let http: HTTPClient
    /// Tells this client from every other one of the process, whatever its settings.
    package let number: UInt64

    private init(_ settings: Settings) throws {
        var configuration = HTTPClient.Configuration()
        // A redirect would take the management key to whatever address the answer names.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        // The first refusal is the answer: a person is waiting.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, settings.connections)
        // Sooner than the server (`http.idleTimeout`, 60 s): a call must not go out on a connection that is just closed.
        configuration.connectionPool.idleTimeout = .seconds(30)
        if let file = settings.authorityFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(try Self.authorities(file))
            configuration.tlsConfiguration = tls
        }
        self.settings = settings
        self.number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Makes a client, hands it to `body` and closes its connections afterwards.
    ///
    /// - Throws: ``ClientError`` when the settings cannot be used, and what `body` throws.
    public static func with<Result: Sendable>(
        _ settings: Settings,
        _ body: (ClavigerClient) async throws -> Result
    ) async throws -> Result {
        let client = try ClavigerClient(settings)
        do {
            let result = try await body(client)
            try? await client.http.shutdown()
            return result
        } catch {
            try? await client.http.shutdown()
            throw error
        }
    }

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The segments of the path, not yet encoded.
    ///   - query: Names and values, not yet encoded.
    ///   - body: The body.
    ///   - headers: More headers, such as `If-Match`.
    ///   - accepting: Statuses of 400 and more that are answers to the caller.
    /// - Throws: ``ClientError``.
    public func send(
        _ method: Method,
        _ path: [String],
        query: [(String, String)] = [],
        body: JSON? = nil,
        headers: [(String, String)] = [],
        accepting: Set<Int> = []
    ) async throws -> Answer {
        guard headers.allSatisfy({ Self.isHeaderValue($0.1) }) else {
            throw ClientError.invalidSettings("A header's value must be one line of visible ASCII characters.")
        }
        var request = try self.request(method, path, query, accept: "application/json, application/problem+json")
        request.headers.add(contentsOf: HTTPHeaders(headers))
        if let body {
            let type = method == .patch ? "application/merge-patch+json" : "application/json"
            request.headers.add(name: "Content-Type", value: type)
            request.body = .bytes(ByteBuffer(bytes: body.serialized()))
        }
        let (response, bytes) = try await self.execute(request)
        return try self.answer(response, bytes, accepting: accepting)
    }

    /// A request without a body, in the name of the management key.
    func request(
        _ method: Method,
        _ path: [String],
        _ query: [(String, String)],
        accept: String
    ) throws(ClientError) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: self.settings.url.text + PercentEncoding.target(path, query))
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers.add(name: "Accept", value: accept)
        try self.authorize(&request)
        return request
    }

    private func authorize(_ request: inout HTTPClientRequest) throws(ClientError) {
        guard let token = self.settings.token else { return }
        let url = self.settings.url
        guard url.isEncrypted || url.isLoopback || self.settings.allowsPlaintext else { throw .insecure(url) }
        guard Self.isHeaderValue(token.plaintext) else {
            throw .invalidSettings("The management key must be one line of visible ASCII characters.")
        }
        request.headers.add(name: "Authorization", value: "Bearer \(token.plaintext)")
    }

    private static func isHeaderValue(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private func execute(_ request: HTTPClientRequest) async throws -> (HTTPClientResponse, [UInt8]) {
        let response = try await self.begin(request)
        return (response, try await self.collect(response))
    }

    /// Sends a request and waits for the head of the answer.
    func begin(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let timeout = TimeAmount.milliseconds(self.settings.timeout.wholeMilliseconds)
        do {
            return try await self.http.execute(request, timeout: timeout)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw self.unreachable(error)
        }
    }

    /// The whole body of an answer.
    func collect(_ response: HTTPClientResponse) async throws -> [UInt8] {
        do {
            let body = try await response.body.collect(upTo: Self.largestAnswer)
            return Array(body.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw ClientError.unexpected(self.settings.url, reason: "the answer is too large")
        } catch let error as CancellationError {
            throw error
        } catch {
            throw self.unreachable(error)
        }
    }

    private func unreachable(_ error: any Error) -> ClientError {
        .unreachable(self.settings.url, reason: ConnectionFailure.reason(for: error, timeout: self.settings.timeout))
    }

    /// What an answer says, or the error that it stands for.
    func answer(
        _ response: HTTPClientResponse,
        _ bytes: [UInt8],
        accepting: Set<Int>
    ) throws(ClientError) -> Answer {
        let status = Int(response.status.code)
        let body: JSON?
        do throws(JSONError) {
            body = bytes.isEmpty ? .null : try JSON.parse(bytes, limits: Self.limits)
        } catch {
            body = nil
        }
        if status >= 400, !accepting.contains(status), let body, let problem = ClientProblem(status: status, body: body)
        {
            throw .refused(problem)
        }
        guard (200..<300).contains(status) || accepting.contains(status) else {
            throw .unexpected(self.settings.url, reason: "it answered with status \(status)")
        }
        guard let body else { throw .unexpected(self.settings.url, reason: "the answer is not JSON") }
        let headers = response.headers.map { ($0.name.lowercased(), $0.value) }
        return Answer(status: status, headers: Dictionary(headers) { $0 + ", " + $1 }, body: body)
    }

    /// The error for an answer that has not the shape of a verdict.
    var notAVerdict: ClientError {
        .unexpected(self.settings.url, reason: "the answer is not a verdict")
    }

    private static func authorities(_ file: String) throws(ClientError) -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
            throw .invalidSettings("The file \(file) does not hold certificates in PEM format that can be read.")
        }
        return certificates
    }
}
