/// Where a published log is read from: a directory, a server, a copy in memory.
public protocol LogReading: Sendable {
    /// The bytes of a resource, or nil if it is not there.
    ///
    /// Called for several resources at once. What it throws stops the verification and comes out unchanged: that a
    /// source cannot be read says nothing about the log.
    func read(_ resource: LogResource) async throws -> [UInt8]?
}
