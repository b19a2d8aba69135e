import ClavigerCore

/// Writes the answer of an introspection (RFC 7662 section 2.2).
enum IntrospectionWriter {
    /// The answer for everything that is not active, whatever the reason.
    static let inactive: JSON = ["active": false]

    /// The answer for a token of this key that is active.
    static func body(of key: KeySnapshot) -> JSON {
        let scopes = key.scopes.scopes.map(\.text)
        return [
            "active": true,
            // RFC 6749 section 3.3 knows no empty scope.
            "scope": scopes.isEmpty ? nil : .string(scopes.joined(separator: " ")),
            "client_id": .string(key.consumer.externalID),
            "sub": .string(key.consumer.id.text),
            "token_type": "Bearer",
            "exp": Self.end(of: key).map { .integer(Self.seconds($0)) },
            "nbf": key.notBefore.map { .integer(Self.seconds($0 + .milliseconds(999))) },
            "iat": .integer(Self.seconds(key.credentialID.madeAt)),
            "aud": .string(key.api.reference.name.text),
            "jti": .string(key.keyID.text),
            "claviger_environment": .string(key.environment.text),
        ]
    }

    /// When the token is over: with its key, or with the grace of its credential.
    private static func end(of key: KeySnapshot) -> Timestamp? {
        guard case .retiring(let endsAt) = key.credentialState else { return key.expiresAt }
        return min(endsAt, key.expiresAt ?? endsAt)
    }

    /// Whole seconds since the epoch, rounded down: nobody takes a token for active after its end.
    private static func seconds(_ time: Timestamp) -> Int64 {
        let (seconds, rest) = time.milliseconds.quotientAndRemainder(dividingBy: 1000)
        return rest < 0 ? seconds - 1 : seconds
    }
}
