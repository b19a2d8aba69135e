import ClavigerCore
import ClavigerHTTP
import Logging

/// One setting: its key, its default as text, and how its text becomes a value.
struct Setting<Value: Sendable>: Sendable {
    let key: SettingKey
    let fallback: String?
    /// Throws what is allowed: `must be …`.
    let parse: @Sendable (String) throws(FieldError) -> Value

    init(
        _ key: SettingKey,
        default fallback: String? = nil,
        parse: @escaping @Sendable (String) throws(FieldError) -> Value
    ) {
        self.key = key
        self.fallback = fallback
        self.parse = parse
    }
}

extension Setting<String> {
    /// A path of a file or folder.
    static func path(_ key: SettingKey, default fallback: String? = nil) -> Self {
        Setting(key, default: fallback) { text throws(FieldError) in
            guard !text.isEmpty, !text.utf8.contains(0) else { throw FieldError("must be a path") }
            return text
        }
    }
}

extension Setting<Bool> {
    /// Something that is so or not.
    static func flag(_ key: SettingKey, default fallback: String) -> Self {
        Setting(key, default: fallback) { text throws(FieldError) in
            guard let value = Bool(text) else { throw FieldError("must be true or false") }
            return value
        }
    }
}

extension Setting<Int> {
    /// A whole number in a range.
    static func number(_ key: SettingKey, default fallback: String?, in range: ClosedRange<Int>) -> Self {
        Setting(key, default: fallback) { text throws(FieldError) in
            // `_` groups digits, as in YAML and Swift.
            guard let value = Int(text.replacing("_", with: "")), range.contains(value) else {
                throw FieldError("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }
}

extension Setting<Duration> {
    /// A time such as `30s`.
    static func duration(_ key: SettingKey, default fallback: String, in range: ClosedRange<Duration>) -> Self {
        Setting(key, default: fallback) { text throws(FieldError) in
            guard let value = try? DurationText.parse(text), range.contains(value) else {
                let (least, most) = (DurationText.text(for: range.lowerBound), DurationText.text(for: range.upperBound))
                throw FieldError("must be a time from \(least) to \(most), such as \(fallback)")
            }
            return value
        }
    }
}

extension Setting where Value: RawRepresentable<String> & CaseIterable {
    /// One of a few words.
    static func word(_ key: SettingKey, default fallback: Value) -> Self {
        Setting(key, default: fallback.rawValue) { text throws(FieldError) in
            guard let value = Value(rawValue: text) else {
                throw FieldError("must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return value
        }
    }
}

extension Setting<TrustedProxies> {
    /// Networks: a list in the file, separated by commas in the environment.
    static func networks(_ key: SettingKey) -> Self {
        Setting(key, default: "") { text throws(FieldError) in
            var networks: [CIDR] = []
            for part in text.split(separator: ",") {
                do throws(CIDRError) {
                    networks.append(try CIDR(parsing: part.trimmingSpaces))
                } catch {
                    throw FieldError("must be networks such as 10.0.0.0/8. \(error)")
                }
            }
            return TrustedProxies(networks)
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        self.drop { $0 == " " }.prefix { $0 != " " }
    }
}
