import ArgumentParser
import ClavigerHTTP
import ClavigerWitness
import Logging

/// The flags of a witness.
struct WitnessOptions: ParsableArguments {
    static let defaultPort = 8090

    @Option(help: ArgumentHelp("Keep the key and what was cosigned in this folder.", valueName: "folder"))
    var data: String

    @Option(help: ArgumentHelp("Call the witness so; needed at the first start and never changed.", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("log"),
        help: ArgumentHelp(
            "Watch the log with this verifier key; may be repeated, for other logs and for further keys of one log.",
            valueName: "vkey|origin=vkey"
        )
    )
    var logs: [String] = []

    @Option(help: ArgumentHelp("Listen on this address.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("Listen on this port; 0 lets the system choose.", valueName: "number"))
    var port = Self.defaultPort

    @Flag(help: "Listen in clear text beyond this machine, because a proxy in front terminates TLS.")
    var trustedPlaintext = false

    @Option(help: ArgumentHelp("The certificate chain, in PEM format.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The private key of the certificate, in PEM format.", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel = "info"

    @Option(help: ArgumentHelp("text or json.", valueName: "format"))
    var logFormat = "text"

    func validate() throws {
        guard (self.tlsCertificate == nil) == (self.tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key belong together: give both or none.")
        }
        guard Logger.Level(rawValue: self.logLevel) != nil else {
            throw ValidationError("--log-level must be trace, debug, info, notice, warning, error or critical.")
        }
        guard ServerConfiguration.LogFormat(rawValue: self.logFormat) != nil else {
            throw ValidationError("--log-format must be text or json.")
        }
    }
}

extension WitnessOptions {
    /// The logs.
    func knownLogs() throws(CommandFailure) -> KnownLogs {
        var logs: [KnownLog] = []
        for text in self.logs {
            do {
                logs.append(try KnownLog(parsing: text))
            } catch {
                throw .usage(
                    "--log \(text.printable) is not the verifier key of a log: write name+id+base64 as the log gives it, "
                        + "or ORIGIN=name+id+base64 if the log's name is not that of the key."
                )
            }
        }
        guard !logs.isEmpty else {
            throw .usage("A witness without logs has nothing to do: name each with --log and its verifier key.")
        }
        return KnownLogs(logs)
    }

    /// Where to listen, if that is allowed.
    func address() throws(CommandFailure) -> ListenAddress {
        do throws(ListenRefusal) {
            let address = try ListenAddress(host: self.host, port: self.port)
            let policy = ListenPolicy(usesTLS: self.tlsCertificate != nil, trustedPlaintext: self.trustedPlaintext)
            if let refusal = policy.refusal(of: address) { throw refusal }
            return address
        } catch {
            throw .usage(Self.message(for: error))
        }
    }

    /// The certificate; nil for clear text.
    var tlsFiles: TLSFiles? {
        guard let certificate = self.tlsCertificate, let key = self.tlsKey else { return nil }
        return TLSFiles(certificate: certificate, privateKey: key)
    }

    private static func message(for refusal: ListenRefusal) -> String {
        switch refusal {
        case .invalidHost: "--host must be an IP address such as 127.0.0.1 or :: (without brackets), or localhost."
        case .invalidPort: "--port must be a number from 0 to 65535."
        case .plaintextBeyondLoopback(let address):
            "Refusing to listen in clear text on \(address), which other machines can reach: give --tls-certificate and "
                + "--tls-key, or listen on 127.0.0.1, or say --trusted-plaintext if a proxy in front terminates TLS."
        }
    }
}
