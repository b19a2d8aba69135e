import ClavigerCore

extension Authority {
    /// Seals the place where a list goes on, so that clients cannot read or change it.
    ///
    /// - Parameter binding: the list, its filters and its workspace; the cursor opens for no other.
    public func sealCursor(_ position: String, binding: String) throws -> String {
        try CursorSealer(keyring: self.keyring.keyring, random: self.random).seal(
            Array(position.utf8),
            binding: binding
        )
    }

    /// The place that a cursor seals; nil for anything that is not a cursor of this list.
    public func openCursor(_ text: String, binding: String) -> String? {
        let sealer = CursorSealer(keyring: self.keyring.keyring, random: self.random)
        guard let bytes = try? sealer.open(text, binding: binding) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
