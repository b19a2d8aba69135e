import ClavigerCore
import ClavigerLog

/// What is looked at in a leaf besides its hash: that it says which place it has, and whether it rotates the log's key.
enum AuditLeafCheck {
    static let rotation = "audit.rotate_key"

    static func check(_ index: UInt64, _ leaf: ArraySlice<UInt8>) throws -> KeyRotation? {
        // Canonical JSON has its members in order: what stands before `outcome` is the index.
        guard Self.contains(leaf, ",\"index\":\(index),\"outcome\":\"") else {
            throw CommandFailure.refused("Entry \(index) does not say that it is the one at this place.")
        }
        guard Self.begins(leaf, "{\"action\":\"\(Self.rotation)\",") else { return nil }
        guard let json = try? JSON.parse(Array(leaf)), let note = json["after"]?["rotation"]?.string,
            let rotation = try? KeyRotation(parsing: Array(note.utf8))
        else { throw CommandFailure.refused("Entry \(index) is a rotation of the log's key that cannot be read.") }
        return rotation
    }

    /// Below which index entries were removed, if this is the entry that says so.
    static func prunedBelow(_ leaf: ArraySlice<UInt8>) -> UInt64? {
        guard Self.begins(leaf, "{\"action\":\"audit.prune\",") else { return nil }
        return (try? JSON.parse(Array(leaf)))?["after"]?["below"]?.integer.flatMap { UInt64(exactly: $0) }
    }

    /// Refuses a log without its first entries that does not say itself that they were removed: that they are not asked
    /// for is the word of whoever hands it out.
    static func requireRecord(ofPruningBelow first: UInt64, found: UInt64) throws(CommandFailure) {
        guard first > found else { return }
        throw .refused(
            "The entries below \(first) are not there, and nothing in the log says that they were removed. (That they "
                + "were goes on record at once, and is signed within a second.)"
        )
    }

    private static func begins(_ leaf: ArraySlice<UInt8>, _ text: String) -> Bool {
        leaf.starts(with: text.utf8)
    }

    private static func contains(_ leaf: ArraySlice<UInt8>, _ text: String) -> Bool {
        let needle = Array(text.utf8)
        guard leaf.count >= needle.count else { return false }
        return leaf.withUnsafeBufferPointer { leaf in
            // From the end: what comes before is longer.
            var place = leaf.count - needle.count
            while place >= 0 {
                if leaf[place] == needle[0], needle.indices.allSatisfy({ leaf[place + $0] == needle[$0] }) { return true }
                place -= 1
            }
            return false
        }
    }
}
