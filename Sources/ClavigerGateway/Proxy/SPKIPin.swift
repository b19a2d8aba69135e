public import ClavigerCore
import Crypto
import Foundation
import NIOSSL

/// The SHA-256 digest of a certificate's public key (`SubjectPublicKeyInfo` in DER form); not a secret.
///
///     openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl sha256 -binary | base64
public struct SPKIPin: Hashable, Sendable {
    private let digest: [UInt8]

    /// Reads base64 as RFC 7469 has it (44 characters), with or without `sha256/` before it, or 64 hexadecimal digits.
    public init(parsing text: String) throws(FieldError) {
        let failure = FieldError("must be the SHA-256 digest of a public key, in base64 or as 64 hexadecimal digits")
        var text = text
        if text.hasPrefix("sha256/") { text = String(text.dropFirst("sha256/".count)) }
        if text.utf8.count == 64, let digest = Self.hexadecimal(text) {
            self.digest = digest
        } else {
            guard let data = Data(base64Encoded: text), data.count == 32, data.base64EncodedString() == text else {
                throw failure
            }
            self.digest = Array(data)
        }
    }

    /// The pin of a certificate.
    init(_ certificate: NIOSSLCertificate) throws {
        self.digest = Array(SHA256.hash(data: try certificate.extractPublicKey().toSPKIBytes()))
    }

    private static func hexadecimal(_ text: String) -> [UInt8]? {
        var digest: [UInt8] = []
        var high: UInt8?
        for character in text {
            guard character.isASCII, let value = character.hexDigitValue else { return nil }
            if let first = high {
                digest.append(first << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        return digest
    }
}

extension SPKIPin: CustomStringConvertible {
    /// As RFC 7469 has it, with `sha256/` before it.
    public var description: String { "sha256/" + Data(self.digest).base64EncodedString() }
}
