import ClavigerClient
import ClavigerCore

/// A bounded table of answers that forgets those that were not used for long (CLOCK; Corbató 1968).
struct AnswerTable {
    struct Entry: Sendable {
        let question: QuestionDigest
        let token: TokenDigest
        let verification: Verification
        /// Until when it is an answer.
        let freshUntil: Uptime
        /// Until when it is one while the authority cannot be reached; never before `freshUntil`.
        let keptUntil: Uptime
        /// Whether it was used since the hand last came by.
        var isReferenced = false
    }

    let capacity: Int
    private var slots: [Entry?] = []
    private var free: [Int] = []
    private var places: [QuestionDigest: Int] = [:]
    private var questions: [TokenDigest: Set<QuestionDigest>] = [:]
    private var hand = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { self.places.count }

    /// The answer to a question, which counts as used.
    mutating func find(_ question: QuestionDigest) -> Entry? {
        guard let place = self.places[question] else { return nil }
        self.slots[place]?.isReferenced = true
        return self.slots[place]
    }

    mutating func insert(_ entry: Entry) {
        self.remove(entry.question)
        if self.free.isEmpty, self.slots.count >= self.capacity { self.evict() }
        let place: Int
        if let empty = self.free.popLast() {
            place = empty
            self.slots[place] = entry
        } else {
            place = self.slots.count
            self.slots.append(entry)
        }
        self.places[entry.question] = place
        self.questions[entry.token, default: []].insert(entry.question)
    }

    mutating func remove(_ question: QuestionDigest) {
        guard let place = self.places.removeValue(forKey: question), let entry = self.slots[place] else { return }
        self.slots[place] = nil
        self.free.append(place)
        self.questions[entry.token]?.remove(question)
        if self.questions[entry.token]?.isEmpty == true { self.questions[entry.token] = nil }
    }

    mutating func remove(_ token: TokenDigest) {
        for question in self.questions[token] ?? [] { self.remove(question) }
    }

    /// Looks at every entry; for what a person asks for.
    mutating func remove(keyID: String) {
        for entry in self.slots where entry?.verification.keyID == keyID {
            if let entry { self.remove(entry.question) }
        }
    }

    mutating func removeAll() {
        self = AnswerTable(capacity: self.capacity)
    }

    /// Makes room for one: the hand takes the mark off each entry that it passes, and the first one without goes.
    private mutating func evict() {
        while true {
            let place = self.hand
            self.hand = (self.hand + 1) % self.slots.count
            guard let entry = self.slots[place] else { continue }
            guard entry.isReferenced else {
                self.remove(entry.question)
                return
            }
            self.slots[place]?.isReferenced = false
        }
    }
}
