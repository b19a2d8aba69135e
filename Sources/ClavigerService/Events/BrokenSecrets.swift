import Synchronization

/// Which secrets are known to be broken, so that maintenance says it once and not every few seconds.
final class BrokenSecrets: Sendable {
    /// Only ``isNew(_:)`` touches it.
    private let known = Mutex<Set<WebhookSecretID>>([])

    /// Whether nobody has asked about this one.
    func isNew(_ id: WebhookSecretID) -> Bool {
        self.known.withLock { $0.insert(id).inserted }
    }
}
