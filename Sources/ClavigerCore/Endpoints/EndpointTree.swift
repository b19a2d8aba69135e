/// Endpoint rules by the segments of their patterns, in the order in which they win.
///
/// A search looks at each segment of the path in turn and tries the literal branch, then the one for any segment, then
/// the rules that end in `**`, so that the first rule that it finds is the most specific one. It goes back where a
/// branch ends without a rule for the path and the method; at worst it sees each node once.
struct EndpointTree: Sendable {
    /// The rules for one shape of path: by method, and the one for any.
    private struct Methods: Sendable {
        private var named: [HTTPMethodName: Int] = [:]
        private var any: Int?

        /// The rule for the method; a rule that names it comes before the one for any.
        ///
        /// HEAD is GET without the content (RFC 9110 section 9.3.2), so it takes what GET takes before what any method
        /// takes.
        func rule(for method: HTTPMethodName?) -> Int? {
            if let method, !self.named.isEmpty {
                if let rule = self.named[method] { return rule }
                if method == .head, let rule = self.named[.get] { return rule }
            }
            return self.any
        }

        /// Adds a rule, or returns the one that is for a same method.
        mutating func add(_ methods: Set<HTTPMethodName>, _ rule: Int) -> Int? {
            if methods.isEmpty {
                if let any = self.any { return any }
                self.any = rule
                return nil
            }
            if let other = methods.compactMap({ self.named[$0] }).min() { return other }
            for method in methods { self.named[method] = rule }
            return nil
        }
    }

    private struct Node: Sendable {
        /// The branches in the order of the numbers of their words.
        var literals: [(word: Int, child: Int)] = []
        var any: Int?
        /// The rules for paths that end here.
        var end = Methods()
        /// The rules for paths that go on.
        var rest = Methods()
        var hasRest = false

        /// Where the branch for a word is, or would be.
        func position(of word: Int) -> Int {
            var low = 0
            var high = self.literals.count
            while low < high {
                let middle = (low + high) / 2
                if self.literals[middle].word < word { low = middle + 1 } else { high = middle }
            }
            return low
        }

        func child(for word: Int) -> Int? {
            let position = self.position(of: word)
            guard position < self.literals.count, self.literals[position].word == word else { return nil }
            return self.literals[position].child
        }
    }

    private var nodes = [Node()]
    /// The literal segments of all patterns, numbered, so that a path's segments are looked up once each and not at
    /// each node again.
    private var words: [Substring: Int] = [:]

    /// Adds a rule under its number, or returns the number of the rule that is for the same paths and a same method.
    mutating func add(_ rule: EndpointRule, number: Int) -> Int? {
        var node = 0
        for segment in rule.path.segments {
            switch segment {
            case .literal(let literal):
                let word = self.word(literal)
                if let child = self.nodes[node].child(for: word) {
                    node = child
                } else {
                    let position = self.nodes[node].position(of: word)
                    self.nodes[node].literals.insert((word, self.nodes.count), at: position)
                    node = self.newNode()
                }
            case .any:
                if let child = self.nodes[node].any {
                    node = child
                } else {
                    self.nodes[node].any = self.nodes.count
                    node = self.newNode()
                }
            case .rest:
                self.nodes[node].hasRest = true
                return self.nodes[node].rest.add(rule.methods, number)
            }
        }
        return self.nodes[node].end.add(rule.methods, number)
    }

    private mutating func newNode() -> Int {
        self.nodes.append(Node())
        return self.nodes.count - 1
    }

    private mutating func word(_ literal: Substring) -> Int {
        if let word = self.words[literal] { return word }
        self.words[literal] = self.words.count
        return self.words.count - 1
    }

    /// The number of the most specific rule, or nil; a method of nil is one that no rule can name.
    func match(_ method: HTTPMethodName?, _ segments: [Substring]) -> Int? {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: segments.count) { words in
            for (index, segment) in segments.enumerated() {
                words.initializeElement(at: index, to: self.words[segment] ?? Self.unknown)
            }
            return self.match(method, UnsafeBufferPointer(words), from: 0, at: 0)
        }
    }

    /// The number of a segment that is no pattern's word.
    private static let unknown = -1

    private func match(
        _ method: HTTPMethodName?,
        _ words: UnsafeBufferPointer<Int>,
        from index: Int,
        at node: Int
    ) -> Int? {
        guard index < words.count else { return self.nodes[node].end.rule(for: method) }
        if let child = self.nodes[node].child(for: words[index]),
            let rule = self.match(method, words, from: index + 1, at: child)
        {
            return rule
        }
        if let child = self.nodes[node].any, let rule = self.match(method, words, from: index + 1, at: child) {
            return rule
        }
        return self.nodes[node].hasRest ? self.nodes[node].rest.rule(for: method) : nil
    }
}
