import ClavigerCore
import Synchronization

/// Which endpoint rules of an api each key was used for: that says which of its scopes it needs.
///
/// One bit for each rule keeps it small: a set of rules for each key that was used.
final class ScopesInUse: Sendable {
    private struct Uses {
        var rules: Set<Int> = []
        /// Whether some use met no rule, so that nothing can be said of the key.
        var isUnclear = false
    }

    private let rules: EndpointRules
    /// Only the methods below touch it; nothing is called while it is held.
    private let uses = Mutex<[APIKey.ID: Uses]>([:])

    init(rules: EndpointRules) {
        self.rules = rules
    }

    /// Takes in for what a key was used.
    func add(_ key: APIKey.ID, method: String?, path: String?) {
        let rule = self.rule(method, path)
        self.uses.withLock { uses in
            if let rule {
                uses[key, default: Uses()].rules.insert(rule)
            } else {
                uses[key, default: Uses()].isUnclear = true
            }
        }
    }

    /// The scopes of a key that no use of it needed; nil where there was none, or nothing can be said.
    func unused(of key: KeyFacts) -> [Scope]? {
        guard let uses = self.uses.withLock({ $0[key.id] }), !uses.isUnclear else { return nil }
        let granted = ScopeSet(key.scopes)
        let needed = uses.rules.reduce(into: Set<Scope>()) { needed, index in
            if let query = self.rules.rules[index].scopes { needed.formUnion(query.needed(from: granted)) }
        }
        return key.scopes.filter { scope in !needed.contains { scope.covers($0) } }
    }

    private func rule(_ method: String?, _ path: String?) -> Int? {
        guard let method, let path, case .rule(let rule) = self.rules.decide(method: method, path: path) else {
            return nil
        }
        return self.rules.rules.firstIndex(of: rule)
    }
}
