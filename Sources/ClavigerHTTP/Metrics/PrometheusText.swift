/// What kind of metric a family is.
enum MetricType: String {
    case counter
    case gauge
    case histogram
}

/// Writes the Prometheus text format 0.0.4.
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
struct PrometheusText {
    private(set) var output = ""

    mutating func begin(_ name: String, _ type: MetricType, help: String) {
        self.output += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: String, _ value: some BinaryInteger) {
        self.line(name, labels, String(value))
    }

    mutating func sample(_ name: String, _ labels: String, _ value: Double) {
        self.line(name, labels, Self.number(value))
    }

    mutating func histogram(_ name: String, _ labels: String, _ histogram: HistogramSnapshot) {
        // Cumulated here, and the total taken from the same numbers, so that the lines agree with each other even when
        // values are recorded meanwhile.
        var total: UInt64 = 0
        let separator = labels.isEmpty ? "" : ","
        for (bound, count) in zip(histogram.bounds.map(Self.number) + ["+Inf"], histogram.counts) {
            total += count
            self.line("\(name)_bucket", "\(labels)\(separator)le=\"\(bound)\"", String(total))
        }
        self.line("\(name)_sum", labels, Self.number(histogram.sum))
        self.line("\(name)_count", labels, String(total))
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        self.output += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// A metric name made of the label: `[a-zA-Z_:][a-zA-Z0-9_:]*`, ending in the suffix once.
    static func name(_ label: String, suffix: String = "") -> String {
        let name = Self.identifier(label, colons: true)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// The labels of a series as they are written between the braces, sorted by name.
    static func labels(_ dimensions: [(String, String)]) -> String {
        var values: [String: String] = [:]
        for (label, value) in dimensions {
            var name = Self.identifier(label, colons: false)
            // `le` belongs to histograms, names with two underscores to Prometheus.
            if name == "le" || name.hasPrefix("__") { name = "label_" + name }
            // Names that become equal in writing must stay apart.
            while values[name] != nil { name += "_" }
            values[name] = value
        }
        return values.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(Self.escaped($0.value, quotes: true))\"" }
            .joined(separator: ",")
    }

    private static func identifier(_ text: String, colons: Bool) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": name.unicodeScalars.append(scalar)
            case "0"..."9":
                if name.isEmpty { name = "_" }
                name.unicodeScalars.append(scalar)
            case ":" where colons: name.unicodeScalars.append(scalar)
            default: name += "_"
            }
        }
        return name.isEmpty ? "_" : name
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A number as Go's `ParseFloat` reads it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // `Double.description` writes 1.0 for 1; both are valid, the short form is the usual one.
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }
}
