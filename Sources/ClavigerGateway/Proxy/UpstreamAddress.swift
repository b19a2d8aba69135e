public import ClavigerCore
import Foundation

/// The server behind the proxy: `http://127.0.0.1:9000` or `https://api.internal/v2`.
public struct UpstreamAddress: Hashable, Sendable {
    /// Whether the way there is encrypted.
    public let usesTLS: Bool
    /// A name or an IP address, without brackets.
    public let host: String
    /// The port.
    public let port: Int
    /// What comes before the path of each request; no slash at its end.
    let basePath: String

    /// Reads a URL without user, query and fragment.
    public init(parsing text: String) throws(FieldError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let url = URLComponents(string: text),
            let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = url.host, !host.isEmpty
        else { throw FieldError("must be a URL such as http://127.0.0.1:9000") }
        guard url.user == nil, url.password == nil, url.query == nil, url.fragment == nil else {
            throw FieldError("must be a URL without user, query and fragment")
        }
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        guard (1...65_535).contains(port) else { throw FieldError("must have a port from 1 to 65535") }
        do throws(FieldError) {
            let path = try RequestPath(normalizing: url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath)
            self.basePath = path.depth == 0 ? "" : path.text
        } catch {
            throw FieldError("has a path that \(error.message)")
        }
        self.usesTLS = scheme == "https"
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        self.port = port
    }

    /// Host and port as `Host` has them: the port only where it is not the scheme's.
    var authority: String {
        let name = self.host.contains(":") ? "[\(self.host)]" : self.host
        return self.port == (self.usesTLS ? 443 : 80) ? name : "\(name):\(self.port)"
    }

    /// Scheme, host and port.
    var origin: String { (self.usesTLS ? "https://" : "http://") + self.authority }
}

extension UpstreamAddress: CustomStringConvertible {
    /// The URL.
    public var description: String { self.origin + self.basePath }
}
