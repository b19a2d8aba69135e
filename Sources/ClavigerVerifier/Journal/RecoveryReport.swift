/// What was found of a journal when it was opened.
public struct RecoveryReport: Hashable, Sendable {
    /// Bytes that should hold records and do not.
    public struct Damage: Hashable, Sendable {
        /// The path of the segment.
        public let file: String
        /// Where the bytes begin in the file.
        public let offset: Int
        /// How many there are; of a file that was cut, also those that are missing.
        public let bytes: Int
    }

    /// The number of whole records; they can be read.
    public internal(set) var records = 0
    /// The number of segments that were there, without those that had never been used.
    public internal(set) var segments = 0
    /// The number of segments that end in a record that was being written when the process ended.
    ///
    /// No such record was acknowledged; nothing is missing.
    public internal(set) var unfinished = 0
    /// What could not be read.
    public internal(set) var damaged: [Damage] = []
}
