/// What the text formats of the log share: they are read as bytes.
///
/// Swift's `String` takes canonically equivalent texts for equal and CR LF for one character; a signature does neither.
enum ByteText {
    static let newline = UInt8(ascii: "\n")

    /// Whether the bytes are UTF-8 without ASCII control characters other than newline (c2sp.org/signed-note).
    static func isNote(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 || $0 == Self.newline } && String(validating: bytes, as: UTF8.self) != nil
    }

    /// The lines without their newlines; nil if the last one does not end.
    static func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        guard bytes.last == Self.newline else { return nil }
        return bytes.dropLast().split(separator: Self.newline, omittingEmptySubsequences: false)
    }

    /// What stands before and after the first blank line.
    ///
    /// The part before it keeps its last newline.
    static func atFirstBlankLine(_ bytes: [UInt8]) -> (head: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        guard let place = bytes.indices.dropLast().first(where: { Self.isBlankLine(bytes, after: $0) }) else {
            return nil
        }
        return (bytes[...place], bytes[(place + 2)...])
    }

    /// What stands before and after the last blank line.
    ///
    /// The part before it keeps its last newline.
    static func atLastBlankLine(_ bytes: [UInt8]) -> (head: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        guard let place = bytes.indices.dropLast().last(where: { Self.isBlankLine(bytes, after: $0) }) else {
            return nil
        }
        return (bytes[...place], bytes[(place + 2)...])
    }

    /// What follows a prefix, or nil.
    static func after(_ prefix: String, in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        line.starts(with: prefix.utf8) ? line.dropFirst(prefix.utf8.count) : nil
    }

    private static func isBlankLine(_ bytes: [UInt8], after place: Int) -> Bool {
        bytes[place] == Self.newline && bytes[place + 1] == Self.newline
    }
}
