// For an auditor, who knows what entries, tiles and checkpoints are, but not how the tree is computed.
extension LogFault: CustomStringConvertible {
    /// What is wrong, in plain English.
    public var description: String {
        switch self {
        case .missing(let resource):
            return "\(resource.path) is missing"
        case .wrongLength(let tile, let bytes, let expected):
            return "\(tile) has \(bytes) bytes instead of \(expected)"
        case .malformedCheckpoint(let head):
            return "\(head) is not a signed checkpoint"
        case .malformedBundle(let bundle, let entry, .trailingBytes):
            return "\(bundle) goes on after entry \(entry), which should be its last one"
        case .malformedBundle(let bundle, let entry, _):
            return "\(bundle) is cut off at entry \(entry)"
        case .entryDiffers(let index, let bundle, let tile, let entryHash, let tileHash):
            return "Entry \(index) in \(bundle) is not the one whose hash is in \(tile) "
                + "(hash of the entry: \(entryHash), in the tile: \(tileHash))"
        case .hashDiffers(let tile, let place, let entries):
            return "Hash \(place) in \(tile) is not the one of the entries \(entries.lowerBound) to "
                + "\(entries.upperBound), which it stands for"
        case .rootDiffers(let size, let computed, let firstIndex):
            return "The \(size) entries do not have the root that the checkpoint names (computed: \(computed))"
                + (firstIndex == 0
                    ? ": entries and tiles were changed together, or the checkpoint is of another tree"
                    : ": entries or tiles were changed, which may be those below entry \(firstIndex), of which only "
                        + "hashes are left")
        case .wrongOrigin(let head):
            return "\(head) is the one of another log"
        case .signature(let head, let signature):
            return "\(head) \(signature)"
        case .rolledBack(let size, let earlierSize):
            return
                "The log was rolled back: it had \(earlierSize) entries at the earlier checkpoint and has \(size) now"
        case .notConsistent(let size, let earlierSize):
            return "The log was rewritten: its first \(earlierSize) entries are not those of the earlier checkpoint "
                + "(it has \(size) entries now; both checkpoints are signed, keep them as evidence)"
        case .notComparable(let earlierSize, let tile):
            return "Whether the first \(earlierSize) entries are those of the earlier checkpoint cannot be told: "
                + "\(tile) was pruned"
        case .keptTilesDiffer(let entry):
            return "The tiles below entry \(entry) that were kept when the log was pruned are not those of its tree"
        case .wrongMinimumIndex(let minimumIndex, let size):
            return "Entries below \(minimumIndex) are said to be pruned, but the log has only \(size)"
        }
    }
}

extension LogFault.Head: CustomStringConvertible {
    /// Which checkpoint, as the beginning of a sentence.
    public var description: String {
        switch self {
        case .present: "The checkpoint"
        case .earlier: "The earlier checkpoint"
        }
    }
}

extension LogFault.Signature: CustomStringConvertible {
    /// What is wrong, as the end of a sentence that begins with the checkpoint.
    public var description: String {
        switch self {
        case .invalid:
            return "has a signature that names a trusted key and is not by it: the text or the signature was changed"
        case .notTrusted(let rotations, let others, let firstIndex):
            var text = "is not signed by a trusted key"
            if rotations + others > 0 {
                text +=
                    ", and the log's key rotations do not lead to one that signed it (\(rotations) of "
                    + "\(rotations + others) followed)"
            }
            if firstIndex > 0 { text += "; rotations in the pruned entries below \(firstIndex) cannot be seen" }
            return text
        case .tooFewWitnesses(let count, let needed):
            return "is cosigned by \(count) of the trusted witnesses, and \(needed) are needed"
        }
    }
}
