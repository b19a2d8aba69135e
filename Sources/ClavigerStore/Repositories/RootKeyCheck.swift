public import ClavigerCore

/// Whether a root key is the one that a database was made with, before anything else is done with the database.
public enum RootKeyCheck {
    /// Refuses another root key; a database without a keyring takes any.
    ///
    /// - Throws: `KeyringError.wrongRootKey`, or what reading the keyring throws.
    public static func run(_ connection: any DatabaseConnection, _ rootKey: RootKey) throws {
        let entries = try SQLTransaction(connection: connection).keyringEntries()
        guard !entries.isEmpty else { return }
        do {
            _ = try Keyring(rootKey: rootKey, entries: entries)
        } catch KeyringError.missing {
            // Purposes that came with this version are added once the database is open.
        }
    }
}
