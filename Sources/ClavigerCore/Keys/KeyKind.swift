/// Whether a key is a secret.
public enum KeyKind: String, CaseIterable, Sendable {
    /// Known to its owner alone.
    case secret
    /// Made to be seen, in a browser or an app: it can only hold scopes that the api calls safe for clients.
    case publishable
}
