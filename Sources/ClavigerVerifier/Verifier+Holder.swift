public import ClavigerCore

extension Verifier {
    /// The key whose token this is, whatever its state; nil for everything that is no token of a key.
    ///
    /// Uses nothing up and puts nothing on record. The work is that of any verification, so that the time tells as
    /// little as there.
    public func key(of token: PresentedToken) async throws -> KeySnapshot? {
        try await self.authenticate(token, VerificationQuery(), isVisible: { _ in true }).key
    }
}
