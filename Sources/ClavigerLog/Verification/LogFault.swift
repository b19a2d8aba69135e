/// The first thing that is wrong with a log: the checkpoint comes first, then what concerns the lowest entry.
///
/// It has no text of the log in it: only numbers, hashes and paths.
public enum LogFault: Error, Hashable, Sendable {
    /// One of the two checkpoints that a verification knows.
    public enum Head: Hashable, Sendable {
        /// The one that the log publishes.
        case present
        /// The one that was kept from an earlier time.
        case earlier
    }

    /// What is wrong with the signatures of a checkpoint.
    public enum Signature: Hashable, Sendable {
        /// One names a trusted key and is not by it, or not for this text.
        case invalid
        /// None is by a trusted key, and no chain of rotations in the log leads from one to a key that signed.
        ///
        /// Some rotations may not count: those that no trusted key signed, that are for another log, or that stand in
        /// entries that were pruned.
        case notTrusted(rotations: Int, rotationsThatDoNotCount: Int, firstIndex: UInt64)
        /// Fewer witnesses than needed cosigned it.
        case tooFewWitnesses(count: Int, needed: Int)
    }

    /// A resource that the log must have is not there.
    case missing(LogResource)
    /// A tile has another number of bytes than its hashes take.
    case wrongLength(TileIndex, bytes: Int, expected: Int)
    /// A checkpoint is not a signed note with the lines of a checkpoint.
    case malformedCheckpoint(Head)
    /// A bundle is cut off within an entry, or goes on after its last one: the entry where that shows.
    case malformedBundle(BundleIndex, entry: UInt64, EntryBundleError)
    /// The hash of an entry is not the one in the tile of level 0.
    case entryDiffers(index: UInt64, bundle: BundleIndex, tile: TileIndex, entryHash: LogHash, tileHash: LogHash)
    /// A hash in a tile above level 0 is not the one of the entries that it stands for.
    case hashDiffers(tile: TileIndex, place: Int, entries: ClosedRange<UInt64>)
    /// All tiles fit the entries, and their root is not the one in the checkpoint.
    case rootDiffers(size: UInt64, computed: LogHash, firstIndex: UInt64)
    /// A checkpoint is the one of another log.
    case wrongOrigin(Head)
    /// A checkpoint is not signed as is demanded.
    case signature(Head, Signature)
    /// The log is smaller than it was.
    case rolledBack(size: UInt64, earlierSize: UInt64)
    /// The log does not begin with the entries that it had: two signed checkpoints contradict each other.
    case notConsistent(size: UInt64, earlierSize: UInt64)
    /// Whether the log begins with the entries that it had cannot be told, as a tile for that was pruned.
    case notComparable(earlierSize: UInt64, missing: TileIndex)
    /// A tile that was kept below the minimum index is not one of this tree.
    case keptTilesDiffer(below: UInt64)
    /// More entries are said to be pruned than the log has.
    case wrongMinimumIndex(UInt64, size: UInt64)
}

extension LogFault {
    /// What kind of thing is wrong, as a word for programs.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        /// Something that must be there is not.
        case missing
        /// A tile is too short or too long.
        case wrongLength = "wrong_length"
        /// Bytes have no form that the format allows.
        case malformed
        /// An entry and its hash, or hashes of two levels, do not fit each other.
        case differs
        /// Everything fits, but not the root that was signed.
        case rootDiffers = "root_differs"
        /// The checkpoint of another log.
        case wrongOrigin = "wrong_origin"
        /// Not signed by whom it has to be.
        case signature
        /// Smaller than it was.
        case rolledBack = "rolled_back"
        /// Not the log that it was.
        case notConsistent = "not_consistent"
        /// The pruned part does not let itself be checked as is demanded.
        case pruned
    }

    /// The kind of the fault.
    public var kind: Kind {
        switch self {
        case .missing: .missing
        case .wrongLength: .wrongLength
        case .malformedCheckpoint, .malformedBundle: .malformed
        case .entryDiffers, .hashDiffers, .keptTilesDiffer: .differs
        case .rootDiffers: .rootDiffers
        case .wrongOrigin: .wrongOrigin
        case .signature: .signature
        case .rolledBack: .rolledBack
        case .notConsistent: .notConsistent
        case .notComparable, .wrongMinimumIndex: .pruned
        }
    }

    /// The resource that is wrong, if it is one.
    public var resource: LogResource? {
        switch self {
        case .missing(let resource): resource
        case .wrongLength(let tile, bytes: _, expected: _), .hashDiffers(let tile, place: _, entries: _),
            .notComparable(earlierSize: _, missing: let tile):
            .tile(tile)
        case .malformedBundle(let bundle, entry: _, _),
            .entryDiffers(index: _, let bundle, tile: _, entryHash: _, tileHash: _):
            .bundle(bundle)
        case .malformedCheckpoint(.present), .wrongOrigin(.present), .signature(.present, _), .rootDiffers, .rolledBack:
            .checkpoint
        case .malformedCheckpoint(.earlier), .wrongOrigin(.earlier), .signature(.earlier, _), .notConsistent,
            .keptTilesDiffer, .wrongMinimumIndex:
            nil
        }
    }

    /// The entry that is wrong, where that can be told: the first one that may be for what concerns many.
    public var entryIndex: UInt64? {
        switch self {
        case .missing(.tile(let tile)), .wrongLength(let tile, bytes: _, expected: _): tile.firstEntry
        case .missing(.bundle(let bundle)): bundle.tile.firstEntry
        case .malformedBundle(_, let entry, _): entry
        case .entryDiffers(let index, bundle: _, tile: _, entryHash: _, tileHash: _): index
        case .hashDiffers(tile: _, place: _, let entries): entries.lowerBound
        default: nil
        }
    }
}

extension TileIndex {
    /// The first entry that the tile covers.
    var firstEntry: UInt64 { self.index << UInt64(8 * (self.level + 1)) }
}
