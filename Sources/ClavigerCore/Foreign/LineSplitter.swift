/// Takes a stream of bytes apart into lines, wherever its pieces begin and end.
///
/// The memory is bounded: a line that is too long is told as such and not kept. Lines end with LF or CR LF; the last
/// may end with nothing. A byte order mark at the beginning is no part of the first line.
public struct LineSplitter: Sendable {
    /// One line.
    public struct Line: Hashable, Sendable {
        /// Counted from the number that the splitter was made with.
        public let number: Int
        /// Without its end; nil for a line that is too long.
        public let bytes: [UInt8]?
    }

    /// The most bytes of a line.
    public let longest: Int
    private var number: Int
    private var isFirst = true
    private var pending: [UInt8] = []
    private var isTooLong = false
    private var hasPending = false

    /// Makes a splitter; the first line has the number `first`.
    public init(first: Int = 1, longest: Int = 64 * 1024) {
        self.number = first
        self.longest = longest
    }

    /// Takes a piece, and hands on every line that ends in it.
    public mutating func take(_ piece: [UInt8], _ line: (Line) throws -> Void) rethrows {
        var start = 0
        while start < piece.count {
            guard let end = piece[start...].firstIndex(of: UInt8(ascii: "\n")) else {
                self.keep(piece[start...])
                return
            }
            self.keep(piece[start..<end])
            try line(self.end())
            start = end + 1
        }
    }

    /// The line that the stream ended in the middle of, if there is one.
    public mutating func finish() -> Line? {
        self.hasPending ? self.end() : nil
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        self.hasPending = self.hasPending || !bytes.isEmpty
        guard !self.isTooLong else { return }
        // One more for the CR of a line that is just as long as it may be.
        if self.pending.count + bytes.count > self.longest + 1 {
            self.isTooLong = true
            self.pending = []
        } else {
            self.pending += bytes
        }
    }

    private mutating func end() -> Line {
        var bytes = self.pending
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if self.isFirst, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        let line = Line(number: self.number, bytes: self.isTooLong || bytes.count > self.longest ? nil : bytes)
        self.number += 1
        self.isFirst = false
        self.isTooLong = false
        self.hasPending = false
        self.pending.removeAll(keepingCapacity: true)
        return line
    }
}
