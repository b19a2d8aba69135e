/// The names of all settings, as they stand in the file: section, dot, key.
enum SettingKey: String, CaseIterable, Sendable {
    case dataDirectory = "data.directory"
    case listenHost = "listen.host"
    case listenPort = "listen.port"
    case listenTrustedPlaintext = "listen.trustedPlaintext"
    case listenTrustedProxies = "listen.trustedProxies"
    case tlsCertificate = "tls.certificate"
    case tlsPrivateKey = "tls.privateKey"
    case tlsReloadInterval = "tls.reloadInterval"
    case sealingProvider = "sealing.provider"
    case sealingFile = "sealing.file"
    case sealingPassphraseFile = "sealing.passphraseFile"
    case verifierCacheCapacity = "verifier.cacheCapacity"
    case verifierNegativeLifetime = "verifier.negativeLifetime"
    case verifierAnswerLifetime = "verifier.answerLifetime"
    case usageDurability = "usage.durability"
    case usageWhenFull = "usage.whenFull"
    case usageSegmentMegabytes = "usage.segmentMegabytes"
    case usageKeepDetail = "usage.keepDetail"
    case usageKeepRollUps = "usage.keepRollUps"
    case usageKeepMinutes = "usage.keepMinutes"
    case logLevel = "log.level"
    case logFormat = "log.format"
    case httpRequestTimeout = "http.requestTimeout"
    case httpIdleTimeout = "http.idleTimeout"

    /// The section and the key in it.
    var components: [String] {
        self.rawValue.split(separator: ".").map(String.init)
    }

    /// The environment variable: `CLAVIGER_LISTEN_TRUSTED_PROXIES` for `listen.trustedProxies`.
    var variable: String {
        var name = "CLAVIGER_"
        for character in self.rawValue {
            if character.isUppercase { name.append("_") }
            name.append(character == "." ? "_" : character.uppercased())
        }
        return name
    }

    /// The names of all sections.
    static let sections = Set(Self.allCases.compactMap(\.components.first))
}
