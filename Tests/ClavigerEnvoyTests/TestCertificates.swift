import ClavigerTestSupport
import Foundation

/// Makes certificates with the `openssl` command.
enum TestCertificates {
    struct Failure: Error {
        let text: String
    }

    struct Pair: Sendable {
        let certificate: String
        let key: String
    }

    private static let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    /// A certificate that is its own authority, for 127.0.0.1.
    static func selfSigned(_ name: String, in folder: TemporaryFolder) async throws -> Pair {
        let pair = Pair(certificate: "\(folder.path)/\(name).crt", key: "\(folder.path)/\(name).key")
        try await Self.openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1"]
                + Self.key + ["-keyout", pair.key, "-out", pair.certificate]
        )
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pair.key)
        return pair
    }

    /// A certificate signed by an authority.
    static func signed(_ name: String, by authority: Pair, in folder: TemporaryFolder) async throws -> Pair {
        let pair = Pair(certificate: "\(folder.path)/\(name).crt", key: "\(folder.path)/\(name).key")
        try await Self.openssl(
            [
                "req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-CA", authority.certificate, "-CAkey",
                authority.key, "-addext", "basicConstraints=critical,CA:FALSE",
            ] + Self.key + ["-keyout", pair.key, "-out", pair.certificate]
        )
        return pair
    }

    /// The SHA-256 digest of a certificate, in hexadecimal digits and colons.
    static func fingerprint(of certificate: String) async throws -> String {
        let text = try await Self.openssl(["x509", "-noout", "-fingerprint", "-sha256", "-in", certificate])
        return text.split(separator: "=").last.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? ""
    }

    @discardableResult
    private static func openssl(_ arguments: [String]) async throws -> String {
        let process = try ChildProcess("openssl", arguments)
        guard await process.wait() == 0 else { throw Failure(text: process.errorText) }
        return process.outputText
    }
}
