import ClavigerCore
import ClavigerHTTP

extension ServerConfiguration {
    /// Where Envoy asks; nil if it does not, or if something is wrong with the settings.
    ///
    /// Whoever may ask can try tokens and use up limits. So beyond this machine Envoy has to show a certificate.
    static func envoy(_ reader: inout ConfigurationReader, usesTLS: Bool) -> Envoy? {
        let host = reader.value(.init(.envoyHost, default: "127.0.0.1") { $0 })
        let port = reader.value(.number(.envoyPort, default: nil, in: 0...65_535))
        let plaintext = reader.value(.flag(.envoyPlaintext, default: "false"))
        let clientCA = reader.value(.path(.envoyClientCA))
        let proxies = reader.value(.networks(.envoyTrustedProxies))
        guard let host, let plaintext, let proxies else { return nil }
        guard let port else {
            Self.refuseWithoutPort(&reader)
            return nil
        }
        do throws(ListenRefusal) {
            let address = try ListenAddress(host: host, port: port)
            let isClear = plaintext || !usesTLS
            if isClear, !address.isLoopback {
                reader.refuse(
                    .envoyHost,
                    "Refusing to let Envoy ask in clear text on \(address), which other machines can reach: set "
                        + "tls.certificate, tls.privateKey and envoy.clientCA and leave out envoy.plaintext, or set "
                        + "envoy.host to 127.0.0.1."
                )
            } else if clientCA == nil, !address.isLoopback {
                reader.refuse(
                    .envoyHost,
                    "envoy.host \(address.host) can be reached by other machines: set envoy.clientCA to the authority of "
                        + "Envoy's client certificate, or envoy.host to 127.0.0.1."
                )
            } else if clientCA != nil, isClear {
                reader.refuse(
                    .envoyClientCA,
                    "envoy.clientCA needs TLS: set tls.certificate and tls.privateKey, and leave out envoy.plaintext."
                )
            }
            return Envoy(address: address, usesTLS: !isClear, clientCA: clientCA, trustedProxies: proxies)
        } catch {
            // The refusals of an address speak of `listen`.
            reader.refuse(
                .envoyHost,
                "envoy.host must be an IP address such as 127.0.0.1 or :: (without brackets), or localhost."
            )
            return nil
        }
    }

    /// A setting without the port does nothing; who wrote it meant something.
    private static func refuseWithoutPort(_ reader: inout ConfigurationReader) {
        let others: [SettingKey] = [.envoyHost, .envoyPlaintext, .envoyClientCA, .envoyTrustedProxies]
        let given = Set(reader.entries.filter { $0.source != "default" && !$0.source.isEmpty }.map(\.key))
        // A port that is there and wrong has been refused already.
        guard reader.entries.contains(where: { $0.key == .envoyPort }) else { return }
        for key in others where given.contains(key) {
            reader.refuse(key, "\(key.rawValue) needs envoy.port beside it.")
        }
    }
}
