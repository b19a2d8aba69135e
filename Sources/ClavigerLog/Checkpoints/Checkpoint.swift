/// The head of a log at one size: what a log signs and a witness cosigns (c2sp.org/tlog-checkpoint).
public struct Checkpoint: Hashable, Sendable {
    /// The unique name of the log.
    public let origin: NoteLine
    /// The number of leaves.
    public let size: UInt64
    /// The root of the tree of this size.
    public let root: LogHash
    /// Lines that only their log understands; this one writes none.
    public let extensions: [NoteLine]

    /// Makes a checkpoint; nil if the size is 0 and the root is not that of the empty tree.
    public init?(origin: NoteLine, size: UInt64, root: LogHash, extensions: [NoteLine] = []) {
        guard size > 0 || root == .emptyRoot else { return nil }
        self.origin = origin
        self.size = size
        self.root = root
        self.extensions = extensions
    }

    /// Makes the checkpoint of a tree.
    public init(origin: NoteLine, head: TreeHead) {
        self.origin = origin
        self.size = head.size
        self.root = head.root
        self.extensions = []
    }

    /// Reads the text of a checkpoint; nil for any other text.
    public init?(parsing text: NoteText) {
        guard let lines = ByteText.lines(text.utf8[...]), lines.count >= 3,
            let origin = NoteLine(utf8: lines[0]),
            let size = Decimal.number(lines[1]),
            let rootBytes = Base64.decode(lines[2]), let root = LogHash(rootBytes)
        else { return nil }
        var extensions: [NoteLine] = []
        for line in lines.dropFirst(3) {
            guard let line = NoteLine(utf8: line) else { return nil }
            extensions.append(line)
        }
        self.init(origin: origin, size: size, root: root, extensions: extensions)
    }

    /// The text that is signed.
    public var text: NoteText {
        // Digits and base64 are lines.
        NoteText(
            lines: [self.origin] + [String(self.size), self.root.base64].compactMap { NoteLine($0) } + self.extensions
        )
    }

    /// Signs the checkpoint as its log.
    public func signed(by signer: NoteSigner) throws(NoteError) -> SignedNote {
        try SignedNote(self.text, signatures: [signer.sign(self.text)])
    }
}
