extension ScopeQuery {
    /// The query as text that reads back to an equal query.
    public var text: String {
        let text = Self.text(self.term, space: " ")
        // One that was written without the spaces beside parentheses may only fit without them.
        return text.utf8.count <= Self.longest ? text : Self.text(self.term, space: "")
    }

    private static func text(_ term: Term, space: String) -> String {
        switch term {
        case .scope(let scope): scope.text
        case .all(let terms): Self.text(terms, joinedBy: "AND", space: space)
        case .any(let terms): Self.text(terms, joinedBy: "OR", space: space)
        }
    }

    private static func text(_ terms: [Term], joinedBy word: String, space: String) -> String {
        var text = ""
        var needsSpace = false
        for (index, term) in terms.enumerated() {
            let (inner, isGrouped) = Self.operand(term, of: word, space: space)
            if index > 0 {
                text += needsSpace ? " " : space
                text += word
                text += isGrouped ? space : " "
            }
            text += inner
            needsSpace = !inner.hasSuffix(")")
        }
        return text
    }

    /// An operand, in parentheses unless it binds closer, and whether it begins with one.
    private static func operand(_ term: Term, of word: String, space: String) -> (text: String, isGrouped: Bool) {
        let text = Self.text(term, space: space)
        if case .scope = term { return (text, false) }
        if case .all = term, word == "OR" { return (text, text.hasPrefix("(")) }
        return ("(\(text))", true)
    }
}

extension ScopeQuery: CustomStringConvertible {
    /// The query as text.
    public var description: String { self.text }
}
