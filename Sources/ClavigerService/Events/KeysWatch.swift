public import ClavigerCore

/// How far the ends of keys have been told of.
public struct KeysWatch: Hashable, Sendable {
    /// A key's end; keys are gone through in this order.
    public struct Place: Hashable, Sendable {
        /// When the key's time is over.
        public let end: Timestamp
        /// The key.
        public let keyID: APIKey.ID

        /// Makes a place.
        public init(_ end: Timestamp, _ keyID: APIKey.ID) {
            self.end = end
            self.keyID = keyID
        }

        static func <= (left: Self, right: Self) -> Bool {
            (left.end, left.keyID.text) <= (right.end, right.keyID.text)
        }
    }

    /// A slice of time that has been told of in part.
    public struct Part: Hashable, Sendable {
        /// Where the slice ends.
        public let end: Timestamp
        /// How many of the moments that are told of are done: the ends themselves, then the times before them.
        public var step: Int
        /// The last key that was told of in this step.
        public var after: Place?

        /// Makes a part.
        public init(end: Timestamp, step: Int = 0, after: Place? = nil) {
            self.end = end
            self.step = step
            self.after = after
        }
    }

    /// All up to here has been told of.
    public var until: Timestamp
    /// What has been told of the slice after that.
    public var part: Part?

    /// Makes a watch.
    public init(until: Timestamp, part: Part? = nil) {
        self.until = until
        self.part = part
    }

    /// Whether a key with this end would not be met any more.
    func hasPassed(_ place: Place) -> Bool {
        if place.end <= self.until { return true }
        guard let part, place.end <= part.end else { return false }
        return part.step > 0 || part.after.map { place <= $0 } ?? false
    }
}
