/// The SHA-256 digest of a client's certificate in DER form; not a secret.
///
/// Equal to `x5t#S256` of RFC 8705 section 3.1.
public struct CertificateThumbprint: Hashable, Sendable {
    /// The digest in base64url, 43 characters.
    public let text: String

    /// Reads 43 characters of base64url, or 64 hexadecimal digits, which may have a colon between bytes.
    public init(parsing text: String) throws(FieldError) {
        guard let digest = Self.hexadecimal(text) ?? Base64URL.decode(text), let thumbprint = Self(digest: digest)
        else {
            throw FieldError("must be a SHA-256 digest: 64 hexadecimal digits, or 43 characters of base64url")
        }
        self = thumbprint
    }

    /// Takes the 32 bytes of a SHA-256 digest.
    public init?(digest: [UInt8]) {
        guard digest.count == 32 else { return nil }
        self.text = Base64URL.encode(digest)
    }

    private static func hexadecimal(_ text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        let stride = characters.count == 64 ? 2 : 3
        guard stride * 32 - characters.count == stride - 2 else { return nil }
        var digest: [UInt8] = []
        for index in 0..<32 {
            let place = index * stride
            guard let high = Self.value(characters[place]), let low = Self.value(characters[place + 1]) else {
                return nil
            }
            if stride == 3, index < 31 {
                guard characters[place + 2] == UInt8(ascii: ":") else { return nil }
            }
            digest.append(high << 4 | low)
        }
        return digest
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension CertificateThumbprint: CustomStringConvertible {
    /// The digest in base64url.
    public var description: String { self.text }
}
