/// Which origins are meant: one, as `https://app.example.com`, or those below a name, as `https://*.example.com`.
///
/// The `*` stands for one or more whole labels, never for none: the bare name needs a pattern of its own. It does not
/// know under which names everybody can get one of their own: `https://*.co.uk` means all of them.
public struct OriginPattern: Hashable, Sendable {
    private let origin: Origin
    /// With a `*`: the dot and the labels behind it, which are the origin's host too.
    private let suffix: String?

    /// Reads a pattern: scheme, `://`, host, and a port unless it is the scheme's default.
    ///
    /// The scheme may be one of an app, as in `chrome-extension://…`.
    public init(parsing text: String) throws(FieldError) {
        let parts = try OriginText.parse(Array(text.utf8)[...])
        self.origin = parts.origin
        self.suffix = parts.hasWildcard ? "." + parts.origin.host : nil
    }

    /// Whether the origin is one of those that are meant.
    public func matches(_ origin: Origin) -> Bool {
        guard self.origin.port == origin.port, self.origin.scheme == origin.scheme else { return false }
        guard let suffix = self.suffix else { return self.origin.host == origin.host }
        // A host has no empty labels, so that what is left before the dot is one label at least.
        let host = origin.host
        let length = host.utf8.count - suffix.utf8.count
        return length > 0 && host[host.utf8.index(host.startIndex, offsetBy: length)...] == suffix
    }
}

extension OriginPattern: CustomStringConvertible {
    /// The pattern as it is read.
    public var description: String {
        guard let suffix = self.suffix else { return self.origin.description }
        return Origin(scheme: self.origin.scheme, host: "*" + suffix, port: self.origin.port).description
    }
}
