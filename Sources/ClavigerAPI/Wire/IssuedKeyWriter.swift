@_spi(Plaintext) import ClavigerCore
import ClavigerService

extension IssuedKey {
    /// The key with its token: the one answer that a plaintext is in.
    var wire: JSON {
        let token = self.token.withPlaintext { String(decoding: $0, as: UTF8.self) }
        return ["key": self.key.publicFields(at: self.key.createdAt), "token": .string(token)]
    }
}
