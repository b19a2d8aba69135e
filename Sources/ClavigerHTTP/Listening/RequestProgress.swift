import NIOCore

/// How far the requests and answers on one connection are; decides when a refusal can be answered.
///
/// Requests can be pipelined, so that a broken one may follow others that are still being answered. Answers go out in
/// the order of the requests; the n-th answer belongs to the n-th request.
struct RequestProgress {
    private(set) var isReadingRequest = false
    /// Since when a request has been known to be incomplete; `nil` if none is.
    var incompleteSince: NIODeadline?

    private var requestsBegun = 0
    private var answersBegun = 0
    private var answersEnded = 0
    private var readSomething = false
    // Bytes without a request in them came while an answer was due: part of the next head, most likely.
    private var hasPartOfHead = false

    /// What to do about a request that is refused.
    enum Verdict: Equatable {
        /// It has no answer yet and none is due before: answer now.
        case answer
        /// Earlier requests are still being answered.
        case wait
        /// It was answered already, e.g. before its body had arrived: close behind the answer.
        case closeAfterAnswer
        /// Its answer is half written: nothing can be said any more.
        case abort
    }

    /// Whether requests that have arrived still wait for their answer.
    var isAnswering: Bool { self.answersEnded < self.requestsBegun - (self.isReadingRequest ? 1 : 0) }

    /// How many requests have begun to arrive and have not been answered to the end.
    var requestsWaiting: Int { max(0, self.requestsBegun - self.answersEnded) }

    /// Whether the request that is being read was answered before it had arrived.
    var isAnsweredEarly: Bool { self.isReadingRequest && self.answersEnded >= self.requestsBegun }

    mutating func readHead() {
        self.requestsBegun += 1
        self.isReadingRequest = true
        self.readSomething = true
        self.hasPartOfHead = false
    }

    mutating func readBody() {
        self.readSomething = true
    }

    mutating func readEnd() {
        self.isReadingRequest = false
        self.incompleteSince = nil
        self.readSomething = true
    }

    /// Call when all that has arrived is handled; returns whether part of a head may be lying in the decoder.
    ///
    /// As long as an answer is due, the client need not hurry with its next request: then the answer is no, and
    /// ``answerEnded()`` makes up for it.
    mutating func readComplete() -> Bool {
        defer { self.readSomething = false }
        guard !self.readSomething, !self.isReadingRequest else { return false }
        self.hasPartOfHead = true
        return !self.isAnswering
    }

    mutating func answerBegan() { self.answersBegun += 1 }

    /// Call when an answer is written; returns whether part of a head may be lying in the decoder.
    mutating func answerEnded() -> Bool {
        self.answersEnded += 1
        return self.hasPartOfHead && !self.isReadingRequest && !self.isAnswering
    }

    /// What to do about the request that is being read, or about the next one if only part of its head arrived.
    var verdict: Verdict {
        let refused = self.isReadingRequest ? self.requestsBegun : self.requestsBegun + 1
        if self.answersEnded >= refused { return .closeAfterAnswer }
        if self.answersBegun >= refused { return .abort }
        return self.answersEnded == refused - 1 ? .answer : .wait
    }
}
