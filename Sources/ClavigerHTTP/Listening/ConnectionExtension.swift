public import NIOCore

/// What a server does with each of its connections besides speaking HTTP.
public protocol ConnectionExtension: Sendable {
    /// Looks after one connection.
    associatedtype Connection: Sendable

    /// Prepares a connection, on its event loop, before anything is read.
    ///
    /// - Parameter position: where handlers see the bytes of HTTP in clear: first, or right behind TLS.
    func prepare(
        _ channel: any Channel,
        _ position: ChannelPipeline.SynchronousOperations.Position
    ) throws -> Connection

    /// The handlers between the HTTP codec and the guard, anew for each connection or stream.
    func handlers() -> [any RemovableChannelHandler]

    /// Serves a connection with `serve`, to its end.
    func run(_ connection: Connection, _ serve: @escaping @Sendable () async -> Void) async
}

/// A connection and nothing else.
struct PlainConnections: ConnectionExtension {
    func prepare(_ channel: any Channel, _ position: ChannelPipeline.SynchronousOperations.Position) {}

    func handlers() -> [any RemovableChannelHandler] { [] }

    func run(_ connection: Void, _ serve: @escaping @Sendable () async -> Void) async { await serve() }
}
