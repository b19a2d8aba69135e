/// A text that is secret: a management key, or a token that is asked about.
///
/// It redacts itself, and only this module can read it.
public struct SecretText: Sendable {
    let plaintext: String

    /// Wraps a secret.
    public init(_ plaintext: String) {
        self.plaintext = plaintext
    }
}

// Without all three, printing, interpolating, reflecting or dumping the value would show the secret.
extension SecretText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says that there is a secret.
    public var description: String { "SecretText(redacted)" }
    /// Says that there is a secret.
    public var debugDescription: String { self.description }
    /// Shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
