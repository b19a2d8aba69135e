@_spi(Plaintext) import ClavigerCore
import ClavigerService

extension IssuedKey {
    /// The key with its token: the one answer that a plaintext is in.
    var wire: JSON {
        let token = self.token.withPlaintext { String(decoding: $0, as: UTF8.self) }
        return ["key": self.key.publicFields(at: self.key.createdAt), "token": .string(token)]
    }
}

extension IssuedRotation {
    /// The rotated key with its new token: like the answer that made the key, the one with a plaintext.
    var wire: JSON { self.wire(self.reading.publicFields) }

    /// The same for whoever holds the key.
    var wireForHolder: JSON {
        self.wire(self.reading.holderFields(scopes: self.reading.key.attributes.scopes))
    }

    private func wire(_ key: JSON) -> JSON {
        let token = self.token.withPlaintext { String(decoding: $0, as: UTF8.self) }
        return ["key": key, "token": .string(token)]
    }
}
