public import ClavigerCore

/// Reads query parameters into types and collects everything that is wrong; unknown and repeated ones are refused.
public struct QueryReader {
    /// A value is nil when it could not be decoded, which is a violation already.
    private var values: [String: String?] = [:]
    private var violations: [Violation] = []

    /// Reads the query of a request: what follows the `?`.
    public init(_ query: String?) {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Names are short words; one that needs decoding is unknown anyway.
            let name = String(parts[0])
            guard self.values[name] == nil else {
                self.violations.append(Violation("?\(name.prefix(64))", "must be given once"))
                continue
            }
            let value = FormText.decode(parts.count == 2 ? parts[1] : "")
            self.values.updateValue(value, forKey: name)
            if value == nil {
                self.violations.append(Violation("?\(name.prefix(64))", "must be percent-encoded UTF-8"))
            }
        }
    }

    /// Takes a parameter out and parses it.
    public mutating func optional<T>(_ name: String, _ parse: (String) throws(FieldError) -> T) -> T? {
        guard let text = self.values.removeValue(forKey: name) ?? nil else { return nil }
        do throws(FieldError) {
            return try parse(text)
        } catch {
            self.violations.append(Violation("?\(name)", error.message))
            return nil
        }
    }

    /// Throws everything that is wrong; what nobody took is unknown.
    public mutating func finish() throws(Problem) {
        for (name, value) in self.values.sorted(by: { $0.key < $1.key }) where value != nil {
            self.violations.append(Violation("?\(name.prefix(64))", "is not a parameter of this call"))
        }
        guard self.violations.isEmpty else { throw .validation(self.violations) }
    }
}
