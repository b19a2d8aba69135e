/// An entry is the one of the log, and the application's own check refused it.
public struct RefusedEntry: Error, CustomStringConvertible {
    /// The place of the entry in the log.
    public let index: UInt64
    /// The bundle that has the entry.
    public let bundle: BundleIndex
    /// What the check of the application threw.
    public let reason: any Error

    init(index: UInt64, bundle: BundleIndex, reason: any Error) {
        self.index = index
        self.bundle = bundle
        self.reason = reason
    }

    /// Says which entry, and what its check said.
    public var description: String { "Entry \(self.index) in \(self.bundle) is refused: \(self.reason)" }
}
