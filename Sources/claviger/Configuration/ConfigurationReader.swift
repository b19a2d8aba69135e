import ClavigerCore

/// Reads settings from layers and keeps everything that is wrong with them.
struct ConfigurationReader {
    /// From the highest to the lowest.
    private var layers: [ConfigurationLayer]
    /// What is wrong so far.
    private(set) var problems: [ConfigurationProblems.Problem] = []
    /// The settings that were read, in order.
    private(set) var entries: [ServerConfiguration.Entry] = []

    init(layers: [ConfigurationLayer]) {
        self.layers = layers
    }

    /// Puts a file below the layers that are there.
    mutating func add(_ file: ConfigurationFile) {
        self.problems.append(contentsOf: file.problems)
        self.layers.append(.file(file))
    }

    mutating func add(_ problems: [ConfigurationProblems.Problem]) {
        self.problems.append(contentsOf: problems)
    }

    /// Refuses a setting at the place that it comes from.
    mutating func refuse(_ key: SettingKey, _ message: String) {
        let source = self.entries.first { $0.key == key }?.source ?? key.rawValue
        self.problems.append(.init(place: source, message: message))
    }

    /// The value of a setting; nil when it has none, or a bad one.
    mutating func value<Value>(_ setting: Setting<Value>) -> Value? {
        var source = "default"
        var text = setting.fallback
        do throws(FieldError) {
            for layer in self.layers {
                source = layer.place(setting.key)
                if let found = try layer.text(for: setting.key) {
                    text = found
                    break
                }
                source = "default"
            }
            let value: Value? = if let text { try setting.parse(text) } else { nil }
            self.entries.append(.init(key: setting.key, value: text, source: text == nil ? "" : source))
            return value
        } catch {
            let end = error.message.hasSuffix(".") || error.message.hasSuffix("?") ? "" : "."
            self.problems.append(.init(place: source, message: "\(setting.key.rawValue) \(error.message)\(end)"))
            return nil
        }
    }

    /// Refuses variables that begin with `CLAVIGER_` and are neither a setting nor known otherwise.
    mutating func refuseUnknownVariables(_ environment: [String: String]) {
        let settings = SettingKey.allCases.map(\.variable)
        let known = ServerConfiguration.otherVariables.union(settings)
        for name in environment.keys.sorted() where name.hasPrefix("CLAVIGER_") && !known.contains(name) {
            let guess = Spelling.closest(to: name, in: known.sorted()).map { "did you mean \($0)?" }
            let message = "is not a known variable; \(guess ?? "`claviger config show` lists all settings.")"
            self.problems.append(.init(place: name.printable, message: message))
        }
    }
}
