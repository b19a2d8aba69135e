import Synchronization

/// That a credential was imported as a hash and that the digest of its token has not been read from the store yet.
///
/// A class, so that it costs the snapshots of all others one word.
public final class ForeignCredential: Sendable {
    /// What was done to the token.
    public let scheme: ForeignScheme
    /// Only the property below touches it; nothing is called while it is held.
    private let state = Mutex<KeyDigest?>(nil)

    /// Takes the scheme.
    public init(_ scheme: ForeignScheme) {
        self.scheme = scheme
    }

    /// The digest of the token itself, once a use has shown the token: until that is stored, and the snapshot read anew,
    /// no further use needs the slow hash.
    public var proved: KeyDigest? {
        get { self.state.withLock { $0 } }
        set { self.state.withLock { $0 = newValue } }
    }
}
