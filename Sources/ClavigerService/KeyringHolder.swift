public import ClavigerCore
import Synchronization

/// The keyring in use.
///
/// It changes only on the writing thread, right after a rotation has been committed.
public final class KeyringHolder: Sendable {
    private let state: Mutex<Keyring>

    /// Takes the keyring that the server starts with.
    public init(_ keyring: Keyring) {
        self.state = Mutex(keyring)
    }

    /// The keyring as of now.
    public var keyring: Keyring { self.state.withLock { $0 } }

    func replace(_ keyring: Keyring) {
        self.state.withLock { $0 = keyring }
    }
}

extension Keyring {
    /// The hasher for all versions of the pepper.
    public func makeHasher() -> TokenHasher {
        TokenHasher(peppers: self.keys(for: .pepper), current: self.currentVersion(of: .pepper))
    }

    /// What makes the lookup ids of imported keys.
    ///
    /// From the oldest pepper, whatever the current one is: the ids are stored and found by.
    func makeForeignFinder() -> ForeignFinder {
        guard let oldest = self.versions(of: .pepper).first, let key = self.key(for: .pepper, version: oldest) else {
            preconditionFailure("a keyring has every purpose")
        }
        return ForeignFinder(key: key)
    }
}
