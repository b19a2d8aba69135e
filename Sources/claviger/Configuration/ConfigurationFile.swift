import Configuration
import Foundation
import Yams

/// A YAML file with settings, read and held against the known keys.
///
/// swift-configuration looks up keys that it is asked for and is silent about all others, so the document is walked
/// once more for keys that nobody would ask for: a mistyped key must not be ignored.
struct ConfigurationFile: Sendable {
    private static let sizeLimit = 256 * 1024
    private static let proxySection = "proxy"

    let path: String
    /// The values; none while the shape is wrong.
    private(set) var snapshot: any ConfigSnapshot = InMemoryProvider(values: [:]).snapshot()
    /// Unknown keys, sections that are values and the like.
    private(set) var problems: [ConfigurationProblems.Problem] = []
    private var lines: [SettingKey: Int] = [:]
    /// What the file says about the reverse proxy, whose routes are no flat keys.
    private(set) var proxy: ProxySection?

    /// Reads a file.
    init(path: String) throws(ConfigurationProblems) {
        let contents = try Self.contents(of: path)
        try self.init(path: path, contents: contents)
    }

    init(path: String, contents: Data) throws(ConfigurationProblems) {
        self.path = path
        do {
            guard let root = try Yams.Parser(yaml: contents).singleRoot(), root.scalar?.string != "" else {
                // Nothing but comments.
                return
            }
            guard let mapping = root.mapping else {
                throw Self.problem(path, "must hold sections such as `listen:` with keys below them.")
            }
            self.walk(mapping, below: [])
            let flat = mapping.filter { $0.key.scalar?.string != Self.proxySection }
            guard !flat.isEmpty else { return }
            let document =
                flat.count == mapping.count ? contents : Data(try Yams.serialize(node: Self.document(of: flat)).utf8)
            do {
                self.snapshot = try YAMLSnapshot(
                    data: document.bytes,
                    providerName: path,
                    parsingOptions: YAMLSnapshot.ParsingOptions()
                )
            } catch  where !self.problems.isEmpty {
                // What it cannot take has been found in the walk; the values are read when the shape is right.
            }
        } catch let error as ConfigurationProblems {
            throw error
        } catch {
            throw Self.problem(path, Self.explanation(of: error))
        }
    }

    /// The file and the line of a setting.
    func place(of key: SettingKey) -> String {
        self.lines[key].map { "\(self.path):\($0)" } ?? self.path
    }

    private mutating func walk(_ mapping: Node.Mapping, below section: [String]) {
        for (keyNode, value) in mapping {
            let line = keyNode.mark?.line
            let place = line.map { "\(self.path):\($0)" } ?? self.path
            guard let name = keyNode.scalar?.string else {
                self.problems.append(.init(place: place, message: "a key must be a word."))
                continue
            }
            let path = section + [name]
            let full = path.joined(separator: ".")
            if let key = SettingKey(rawValue: full), key.components == path {
                self.lines[key] = line
                if let message = Self.refusal(of: value, for: key) {
                    self.problems.append(.init(place: place, message: "\(full) \(message)"))
                }
            } else if section.isEmpty, name == Self.proxySection {
                let proxy = ProxySection(value, file: self.path, place: place)
                self.problems += proxy.problems
                self.proxy = proxy
            } else if !SettingKey.names(below: path).isEmpty {
                if let mapping = value.mapping {
                    self.walk(mapping, below: path)
                } else if value.scalar?.string != "" {
                    self.problems.append(.init(place: place, message: "\(full) is a section: put its keys below it."))
                }
            } else {
                self.problems.append(.init(place: place, message: Self.unknown(name, in: section)))
            }
        }
    }

    /// The flat sections alone: swift-configuration takes no lists of sections.
    private static func document(of pairs: [(key: Node, value: Node)]) -> Node {
        Node(pairs.map { ($0.key, $0.value) })
    }

    private static func refusal(of value: Node, for key: SettingKey) -> String? {
        switch value {
        case .scalar(let scalar): scalar.string.isEmpty ? "has no value: give one, or remove the key." : nil
        case .sequence(let sequence):
            if !key.isList {
                "must be one value, not a list."
            } else if sequence.contains(where: { $0.scalar == nil }) {
                "must be a list of networks."
            } else {
                nil
            }
        case .mapping: "must be a value, not a section."
        case .alias: "must be a value, not an alias."
        }
    }

    private static func unknown(_ name: String, in section: [String]) -> String {
        let shown = name.printable
        guard !section.isEmpty else {
            if let key = SettingKey(rawValue: name) {
                let places = key.components.map { "`\($0):`" }.joined(separator: ", and ")
                return "\(shown) is written as a section: \(places) below it."
            }
            let sections = (SettingKey.sections.union([Self.proxySection])).sorted()
            let guess = Spelling.closest(to: name, in: sections).map { "; did you mean \($0)?" }
            return "\(shown) is not a known section\(guess ?? "; there are \(sections.joined(separator: ", ")).")"
        }
        let keys = SettingKey.names(below: section)
        let place = section.joined(separator: ".")
        let guess = Spelling.closest(to: name, in: keys).map { "; did you mean \($0)?" }
        return "\(place).\(shown) is not a known key\(guess ?? "; \(place) has \(keys.joined(separator: ", ")).")"
    }

    private static func contents(of path: String) throws(ConfigurationProblems) -> Data {
        do throws(SmallFileError) {
            return Data(try SmallFile.read(path, atMost: Self.sizeLimit))
        } catch {
            throw Self.problem(path, "\(error)")
        }
    }

    private static func problem(_ path: String, _ message: String) -> ConfigurationProblems {
        ConfigurationProblems(problems: [.init(place: path, message: message)])
    }

    private static func explanation(of error: any Error) -> String {
        guard let error = error as? YamlError else { return "is not YAML that can be read." }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return "is not valid YAML: line \(mark.line), column \(mark.column): \(problem)."
        case .duplicatedKeysInMapping(let names, _):
            return "has a key twice: \(names.map(\.printable).joined(separator: ", "))."
        default:
            return "is not valid YAML in UTF-8."
        }
    }
}
