public import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
public import NIOSSL

extension HTTPServerBuilder {
    /// The server with this project's limits: HTTP/1.1 in clear, or HTTP/1.1 and HTTP/2 over TLS.
    ///
    /// Whether clear text is allowed where the server listens is ``ListenPolicy``'s business, before this.
    ///
    /// - Parameters:
    ///   - tls: the TLS settings, see ``TLSCertificates/configuration()``; `nil` serves clear text.
    ///   - limits: what a client may take before it is refused.
    ///   - onRefusal: is called on the event loop with each request that is refused before the application sees it.
    public static func claviger(
        tls: TLSConfiguration?,
        limits: RequestLimits = RequestLimits(),
        onRefusal: (@Sendable (RequestRefusal) -> Void)? = nil
    ) -> HTTPServerBuilder {
        .claviger(tls: tls, limits: limits, connections: PlainConnections(), onRefusal: onRefusal)
    }

    /// The same server, which does something more with its connections.
    ///
    /// - Parameter connections: what it does.
    public static func claviger(
        tls: TLSConfiguration?,
        limits: RequestLimits = RequestLimits(),
        connections: some ConnectionExtension,
        onRefusal: (@Sendable (RequestRefusal) -> Void)? = nil
    ) -> HTTPServerBuilder {
        let http1 = HTTP1Channel.Configuration(
            additionalChannelHandlers: connections.handlers() + [
                RequestGuardHandler(limits: limits, onRefusal: onRefusal)
            ],
            idleTimeout: TimeAmount(limits.idle),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerBytes,
                maxHeaderListSize: limits.headerBytes,
                maxHeaderFieldCount: limits.headerFields
            )
        )
        guard let tls else {
            return HTTPServerBuilder { responder in
                ClearTextChannel(
                    base: HTTP1Channel(responder: responder, configuration: http1),
                    connections: connections
                )
            }
        }
        return HTTPServerBuilder { responder in
            let secure = try HTTP2UpgradeChannel(
                tlsConfiguration: tls,
                configuration: HTTP2ChannelConfiguration(
                    idleTimeout: limits.idle,
                    gracefulCloseTimeout: limits.linger,
                    streamConfiguration: http1
                ),
                responder: responder
            )
            return WatchedTLSChannel(base: secure, limits: limits, connections: connections)
        }
    }
}

/// A connection as HTTP has it, and what the server adds to it.
private struct ExtendedConnection<Base: ServerChildChannelValue, Connection: Sendable>: ServerChildChannelValue {
    let base: Base
    let connection: Connection

    var channel: any Channel { self.base.channel }
}

/// A clear-text channel that takes in little at a time.
private struct ClearTextChannel<Connections: ConnectionExtension>: ServerChildChannel {
    typealias Value = ExtendedConnection<HTTP1Channel.Value, Connections.Connection>

    let base: HTTP1Channel
    let connections: Connections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.readLittle()
            return try self.connections.prepare(channel, .first)
        }.flatMap { connection in
            self.base.setup(channel: channel, logger: logger).map { Value(base: $0, connection: connection) }
        }
    }

    func handle(value: Value, logger: Logger) async {
        await self.connections.run(value.connection) { await self.base.handle(value: value.base, logger: logger) }
    }
}

/// A TLS channel whose handshake and silence are bounded.
private struct WatchedTLSChannel<Connections: ConnectionExtension>: ServerChildChannel {
    typealias Value = ExtendedConnection<HTTP2UpgradeChannel.Value, Connections.Connection>

    let base: HTTP2UpgradeChannel
    let limits: RequestLimits
    let connections: Connections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture { try channel.readLittle() }.flatMap {
            self.base.setup(channel: channel, logger: logger)
        }.flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let tls = try pipeline.handler(type: NIOSSLServerHandler.self)
            // Each right behind TLS: the one that is added last is the first.
            let connection = try self.connections.prepare(channel, .after(tls))
            try pipeline.watchTLS(self.limits)
            return Value(base: value, connection: connection)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await self.connections.run(value.connection) { await self.base.handle(value: value.base, logger: logger) }
    }
}

extension Channel {
    /// Bounds what one read takes in.
    ///
    /// Reading pauses while requests wait, but the decoder has made requests of everything that was read before: of the
    /// 256 KiB that NIO reads at once, a client that pipelines makes ten thousand requests and megabytes of memory.
    fileprivate func readLittle() throws {
        let options = self.syncOptions
        try options?.setOption(.maxMessagesPerRead, value: 1)
        try options?.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 16 * 1024)
        )
    }
}
