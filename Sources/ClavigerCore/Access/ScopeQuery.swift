/// A condition on scopes: `a AND (b OR c)`.
///
/// `AND` binds closer than `OR`; both are upper case. At most 1,024 characters, 64 scopes and 16 levels of parentheses.
public struct ScopeQuery: Hashable, Sendable {
    /// The largest number of characters.
    public static let longest = 1024
    static let mostScopes = 64
    static let deepest = 16

    indirect enum Term: Hashable, Sendable {
        case scope(Scope)
        case all([Term])
        case any([Term])
    }

    let term: Term

    /// Reads a query.
    public init(parsing text: String) throws(FieldError) {
        guard text.utf8.count <= Self.longest else { throw FieldError("must have at most \(Self.longest) characters") }
        var parser = Parser(text)
        self.term = try parser.parse()
    }

    /// The query for one scope.
    public init(_ scope: Scope) {
        self.term = .scope(scope)
    }

    /// Whether the scopes held fulfil the query.
    public func isFulfilled(by scopes: ScopeSet) -> Bool {
        Self.isFulfilled(self.term, by: scopes)
    }

    /// The scopes that would have to be added: those of the first alternative that is not fulfilled.
    public func missing(from scopes: ScopeSet) -> [Scope] {
        Self.missing(self.term, from: scopes)
    }

    /// The scopes of the query by which `scopes` fulfil it: of alternatives the first that is fulfilled; none if it is
    /// not.
    public func needed(from scopes: ScopeSet) -> [Scope] {
        self.isFulfilled(by: scopes) ? Self.needed(self.term, from: scopes) : []
    }

    private static func needed(_ term: Term, from scopes: ScopeSet) -> [Scope] {
        switch term {
        case .scope(let scope): [scope]
        case .all(let terms): terms.flatMap { Self.needed($0, from: scopes) }
        case .any(let terms):
            terms.first { Self.isFulfilled($0, by: scopes) }.map { Self.needed($0, from: scopes) } ?? []
        }
    }

    private static func isFulfilled(_ term: Term, by scopes: ScopeSet) -> Bool {
        switch term {
        case .scope(let scope): scopes.covers(scope)
        case .all(let terms): terms.allSatisfy { Self.isFulfilled($0, by: scopes) }
        case .any(let terms): terms.contains { Self.isFulfilled($0, by: scopes) }
        }
    }

    private static func missing(_ term: Term, from scopes: ScopeSet) -> [Scope] {
        guard !Self.isFulfilled(term, by: scopes) else { return [] }
        switch term {
        case .scope(let scope): return [scope]
        case .all(let terms): return terms.flatMap { Self.missing($0, from: scopes) }
        case .any(let terms): return terms.first.map { Self.missing($0, from: scopes) } ?? []
        }
    }
}

extension ScopeQuery {
    private struct Parser {
        private var tokens: [Substring]
        private var position = 0
        private var scopes = 0

        init(_ text: String) {
            self.tokens = []
            var rest = Substring(text)
            while let first = rest.first {
                if first == " " {
                    rest.removeFirst()
                } else if first == "(" || first == ")" {
                    self.tokens.append(rest.prefix(1))
                    rest.removeFirst()
                } else {
                    let word = rest.prefix { $0 != " " && $0 != "(" && $0 != ")" }
                    self.tokens.append(word)
                    rest = rest[word.endIndex...]
                }
            }
        }

        mutating func parse() throws(FieldError) -> Term {
            guard !self.tokens.isEmpty else { throw FieldError("must name at least one scope") }
            let term = try self.parseAny(depth: 0)
            guard self.position == self.tokens.count else {
                throw FieldError("must join scopes with AND or OR, and close as many parentheses as it opens")
            }
            return term
        }

        private mutating func take(_ token: Substring) -> Bool {
            guard self.position < self.tokens.count, self.tokens[self.position] == token else { return false }
            self.position += 1
            return true
        }

        private mutating func parseAny(depth: Int) throws(FieldError) -> Term {
            var terms = [try self.parseAll(depth: depth)]
            while self.take("OR") { terms.append(try self.parseAll(depth: depth)) }
            return terms.count == 1 ? terms[0] : .any(terms)
        }

        private mutating func parseAll(depth: Int) throws(FieldError) -> Term {
            var terms = [try self.parseOne(depth: depth)]
            while self.take("AND") { terms.append(try self.parseOne(depth: depth)) }
            return terms.count == 1 ? terms[0] : .all(terms)
        }

        private mutating func parseOne(depth: Int) throws(FieldError) -> Term {
            if self.take("(") {
                guard depth < ScopeQuery.deepest else {
                    throw FieldError("must not nest parentheses deeper than \(ScopeQuery.deepest) levels")
                }
                let term = try self.parseAny(depth: depth + 1)
                guard self.take(")") else { throw FieldError("must close every parenthesis that it opens") }
                return term
            }
            guard self.position < self.tokens.count, !["AND", "OR", ")"].contains(self.tokens[self.position]) else {
                throw FieldError("must have a scope or a parenthesis at the start and after each AND and OR")
            }
            self.scopes += 1
            guard self.scopes <= ScopeQuery.mostScopes else {
                throw FieldError("must name at most \(ScopeQuery.mostScopes) scopes")
            }
            let scope = try Scope(parsing: String(self.tokens[self.position]))
            self.position += 1
            return .scope(scope)
        }
    }
}
