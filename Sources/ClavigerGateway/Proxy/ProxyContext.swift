import ClavigerCore
import ClavigerHTTP
import Hummingbird
import NIOCore

/// A request as the proxy gets it.
struct ProxyContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection, or in HTTP/2 the stream.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.channel = source.channel
    }

    /// The other end of the connection; nil for a Unix socket.
    var peer: IPAddress? { self.channel.remoteAddress.flatMap { IPAddress($0) } }

    /// The connection if it speaks HTTP/1, which is what can become a tunnel.
    var http1: ClientConnection? {
        guard let connection = ClientConnection.current, connection.channel === self.channel else { return nil }
        return connection
    }
}
