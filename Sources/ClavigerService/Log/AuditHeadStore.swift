/// Where the newest signed head is kept outside the database, so that a database that was set back is noticed.
public protocol AuditHeadStore: Sendable {
    /// The signed checkpoint that was saved last; nil if none ever was.
    func load() throws -> [UInt8]?
    /// Keeps a signed checkpoint; it has to survive a power cut when this returns.
    func save(_ checkpoint: [UInt8]) throws
}
