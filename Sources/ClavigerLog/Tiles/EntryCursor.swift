/// Goes through the entries of a bundle without keeping them.
struct EntryCursor {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether all bytes were read.
    var isAtEnd: Bool { self.place == self.bytes.count }

    /// The next entry, which shares the storage of the bundle.
    mutating func next() throws(EntryBundleError) -> ArraySlice<UInt8> {
        guard self.bytes.count - self.place >= 2 else { throw .truncated }
        let length = Int(self.bytes[self.place]) << 8 | Int(self.bytes[self.place + 1])
        let start = self.place + 2
        guard self.bytes.count - start >= length else { throw .truncated }
        self.place = start + length
        return self.bytes[start..<self.place]
    }
}
