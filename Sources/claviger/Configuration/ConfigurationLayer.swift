import ClavigerCore
import Configuration

/// One place that settings come from.
///
/// A value in a higher layer hides those below it.
struct ConfigurationLayer: Sendable {
    /// The values.
    let snapshot: any ConfigSnapshot
    /// Where a setting stands in this layer, for messages and `config show`.
    let place: @Sendable (SettingKey) -> String
    /// The sections and keys that come before a setting's own.
    let prefix: [String]

    /// The text of a setting, or nil when this layer does not have it.
    ///
    /// Lists are joined by commas.
    func text(for key: SettingKey) throws(FieldError) -> String? {
        let name = AbsoluteConfigKey(self.prefix + key.components)
        do {
            if case .string(let text)? = try self.snapshot.value(forKey: name, type: .string).value?.content {
                return text
            }
            return nil
        } catch {
            // A file can have a list where the other layers have text.
            guard key.isList,
                case .stringArray(let elements)? = try? self.snapshot.value(forKey: name, type: .stringArray).value?
                    .content
            else { throw FieldError("must be one value") }
            return elements.joined(separator: ",")
        }
    }
}

extension ConfigurationLayer {
    /// The flags of the command.
    static func flags(_ overrides: [ServeOptions.Override]) -> Self {
        let values = overrides.map {
            (AbsoluteConfigKey($0.key.components), ConfigValue(.string($0.value), isSecret: false))
        }
        let flags = Dictionary(overrides.map { ($0.key, $0.flag) }) { first, _ in first }
        let provider = InMemoryProvider(name: "flags", values: Dictionary(values) { first, _ in first })
        return Self(snapshot: provider.snapshot(), place: { flags[$0] ?? "flag" }, prefix: [])
    }

    /// The variables `CLAVIGER_…`.
    static func environment(_ environment: [String: String]) -> Self {
        let provider = EnvironmentVariablesProvider(environmentVariables: environment)
        return Self(snapshot: provider.snapshot(), place: { $0.variable }, prefix: ["claviger"])
    }

    /// A file that has been read.
    static func file(_ file: ConfigurationFile) -> Self {
        Self(snapshot: file.snapshot, place: { file.place(of: $0) }, prefix: [])
    }
}
