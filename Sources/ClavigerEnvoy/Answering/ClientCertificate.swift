import ClavigerCore
import Crypto
import NIOSSL

/// Reads the client's certificate as Envoy tells of it: PEM, percent-encoded.
enum ClientCertificate {
    // A certificate has some 2 KiB; percent-encoded at most three times as much. What is larger is not looked at.
    private static let longest = 64 * 1024

    /// The thumbprint; nil if there is no certificate, or none that can be read: a key that needs one is refused then.
    static func thumbprint(_ encoded: String) -> CertificateThumbprint? {
        guard !encoded.isEmpty, encoded.utf8.count <= Self.longest, let pem = Self.decoded(encoded),
            let certificate = try? NIOSSLCertificate(bytes: pem, format: .pem),
            let der = try? certificate.toDERBytes()
        else { return nil }
        return CertificateThumbprint(digest: Array(SHA256.hash(data: der)))
    }

    /// The bytes of percent-encoded text (RFC 3986 section 2.1).
    private static func decoded(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(Self.digit), let low = rest.next().flatMap(Self.digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
