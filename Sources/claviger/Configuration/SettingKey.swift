/// The names of all settings, as they stand in the file: section, dot, perhaps a section in it and a dot, key.
enum SettingKey: String, CaseIterable, Sendable {
    case dataDirectory = "data.directory"
    case listenHost = "listen.host"
    case listenPort = "listen.port"
    case listenTrustedPlaintext = "listen.trustedPlaintext"
    case listenTrustedProxies = "listen.trustedProxies"
    case listenGateway = "listen.gateway"
    case gatewaySecretFile = "gateway.secretFile"
    case gatewayClientCA = "gateway.clientCA"
    case gatewayTrustedProxies = "gateway.trustedProxies"
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
    case auditOrigin = "audit.origin"
    case auditPublic = "audit.public"
    case auditKeep = "audit.keep"
    case auditWitnesses = "audit.witnesses"
    case auditWitnessAlarm = "audit.witnessAlarm"
    case auditWitnessAuthorityFile = "audit.witnessAuthorityFile"
    case logLevel = "log.level"
    case logFormat = "log.format"
    case httpRequestTimeout = "http.requestTimeout"
    case httpIdleTimeout = "http.idleTimeout"
    case leaksGitHubEnabled = "leaks.github.enabled"
    case leaksGitHubKeysURL = "leaks.github.keysUrl"
    case eventsAllowPlaintext = "events.allowPlaintext"
    case eventsAllowNetworks = "events.allowNetworks"
    case eventsAuthorityFile = "events.authorityFile"
    case eventsTimeout = "events.timeout"
    case envoyHost = "envoy.host"
    case envoyPort = "envoy.port"
    case envoyPlaintext = "envoy.plaintext"
    case envoyClientCA = "envoy.clientCA"
    case envoyTrustedProxies = "envoy.trustedProxies"

    /// Whether the file may have a list.
    var isList: Bool {
        [
            .listenTrustedProxies, .gatewayTrustedProxies, .auditWitnesses, .eventsAllowNetworks, .envoyTrustedProxies,
        ].contains(self)
    }

    /// The sections, from the outside in, and the key in them.
    var components: [String] {
        self.rawValue.split(separator: ".").map(String.init)
    }

    /// The environment variable: `CLAVIGER_LISTEN_TRUSTED_PROXIES` for `listen.trustedProxies`.
    var variable: String {
        var name = "CLAVIGER_"
        var last: Character = "_"
        for character in self.rawValue {
            // `clientCA` is two words.
            if character.isUppercase, last.isLowercase { name.append("_") }
            name.append(character == "." ? "_" : character.uppercased())
            last = character
        }
        return name
    }

    /// The names of all sections.
    static let sections = Set(Self.allCases.compactMap(\.components.first))

    /// The names of what stands below a section, in the order of the keys: keys, and sections again.
    static func names(below section: [String]) -> [String] {
        var names: [String] = []
        for components in Self.allCases.map(\.components)
        where components.count > section.count && components.starts(with: section)
            && !names.contains(components[section.count])
        {
            names.append(components[section.count])
        }
        return names
    }
}
