import AsyncHTTPClient
import ClavigerCore
public import ClavigerService
import NIOCore
import NIOHTTP1
public import NIOSSL

/// Sends events over HTTP, to addresses that are allowed.
///
/// The name is looked up, every address is checked, and the connection goes to one that was checked: a name that leads
/// elsewhere a moment later changes nothing. Redirects are not followed.
public final class WebhookSender: EventSender {
    /// How it sends.
    public struct Configuration: Sendable {
        /// Where it may send.
        public var policy: EventPolicy
        /// How long one attempt may take in all.
        public var timeout: Duration
        /// Certificates that are trusted instead of the system's.
        public var authorities: [NIOSSLCertificate]

        /// Makes a configuration.
        public init(
            policy: EventPolicy = EventPolicy(),
            timeout: Duration = .seconds(15),
            authorities: [NIOSSLCertificate] = []
        ) {
            self.policy = policy
            self.timeout = timeout
            self.authorities = authorities
        }
    }

    /// What is read of an answer's body before the connection is given up: it is of no interest.
    private static let mostAnswer = 16 * 1024
    /// The most addresses that one attempt tries.
    private static let mostAddresses = 3

    private let configuration: Configuration
    private let resolver: any NameResolver
    private let clients: ClientCache

    /// Makes a sender; ``close()`` ends it.
    public init(_ configuration: Configuration, resolver: any NameResolver = SystemResolver()) {
        self.configuration = configuration
        self.resolver = resolver
        self.clients = ClientCache { Self.client(configuration) }
    }

    /// Closes all connections.
    public func close() async {
        await self.clients.close()
    }

    /// Sends one request and waits for the answer.
    public func send(_ event: SignedEvent) async -> SendResult {
        await withTaskGroup(of: SendResult.self) { group in
            group.addTask { await self.attempt(event) }
            group.addTask {
                try? await Task.sleep(for: self.configuration.timeout)
                return .failed(.timedOut)
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .failed(.timedOut)
        }
    }

    private func attempt(_ event: SignedEvent) async -> SendResult {
        let url = event.url
        guard url.isEncrypted || self.configuration.policy.allowsPlaintext else {
            return .failed(.plaintextNotAllowed)
        }
        let addresses: [IPAddress]
        if let address = url.address {
            addresses = [address]
        } else {
            addresses = await self.resolver.addresses(of: url.host)
        }
        guard !addresses.isEmpty else { return .failed(.nameNotFound) }
        // One that is not allowed is enough: whoever mixes them tries something.
        guard addresses.allSatisfy(self.configuration.policy.addresses.allows) else {
            return .failed(.addressNotAllowed)
        }
        var result = SendResult.failed(.connectionFailed)
        for address in addresses.prefix(Self.mostAddresses) {
            result = await self.send(event, to: address)
            // Only where nothing was sent.
            guard result == .failed(.connectionFailed), !Task.isCancelled else { break }
        }
        return result
    }

    private func send(_ event: SignedEvent, to address: IPAddress) async -> SendResult {
        let key = ClientCache.Key(host: event.url.host, address: address)
        guard let client = await self.clients.borrow(key) else { return .failed(.connectionFailed) }
        let result = await self.send(event, with: client)
        await self.clients.giveBack(key)
        return result
    }

    private func send(_ event: SignedEvent, with client: HTTPClient) async -> SendResult {
        var request = HTTPClientRequest(url: event.url.text)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "user-agent", value: "claviger")
        for (name, value) in event.headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(string: event.body))
        do {
            let response = try await client.execute(
                request,
                timeout: .milliseconds(self.configuration.timeout.wholeMilliseconds)
            )
            // The status is the answer. The body is read so that the connection can be used again, and if it is too
            // long or breaks off, so does the connection.
            _ = try? await response.body.collect(upTo: Self.mostAnswer)
            return .answered(
                status: Int(response.status.code),
                retryAfter: response.headers.first(name: "retry-after")
            )
        } catch {
            return .failed(SendFailure.failure(of: error))
        }
    }

    private static func client(_ configuration: Configuration) -> HTTPClient.Configuration {
        var client = HTTPClient.Configuration()
        client.redirectConfiguration = .disallow
        client.timeout.connect = .seconds(5)
        client.timeout.read = .milliseconds(configuration.timeout.wholeMilliseconds)
        client.connectionPool.retryConnectionEstablishment = false
        client.connectionPool.idleTimeout = .seconds(30)
        client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
        client.httpVersion = .http1Only
        client.decompression = .disabled
        client.proxy = nil
        if !configuration.authorities.isEmpty {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(configuration.authorities)
            client.tlsConfiguration = tls
        }
        return client
    }
}
