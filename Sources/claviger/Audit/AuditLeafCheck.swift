import ClavigerCore
import ClavigerLog

/// What is looked at in leaves besides their hashes: that each says which place it has, whether it rotates the log's
/// key, and up to where leaves were pruned.
struct AuditLeafCheck {
    private static let rotation = "audit.rotate_key"
    private static let pruning = "audit.prune"

    /// The leaves below this index were removed after their time, as the log itself says.
    private(set) var prunedBelow: UInt64 = 0

    mutating func check(_ index: UInt64, _ leaf: ArraySlice<UInt8>) throws -> KeyRotation? {
        // Canonical JSON has its members in order: what stands before `outcome` is the index.
        guard Self.contains(leaf, ",\"index\":\(index),\"outcome\":\"") else {
            throw CommandFailure.refused("Entry \(index) does not say that it is the one at this place.")
        }
        if Self.begins(leaf, "{\"action\":\"\(Self.pruning)\",") {
            let below = (try? JSON.parse(Array(leaf)))?["after"]?["below"]?.integer
            self.prunedBelow = max(self.prunedBelow, UInt64(clamping: below ?? 0))
        }
        guard Self.begins(leaf, "{\"action\":\"\(Self.rotation)\",") else { return nil }
        guard let json = try? JSON.parse(Array(leaf)), let note = json["after"]?["rotation"]?.string,
            let rotation = try? KeyRotation(parsing: Array(note.utf8))
        else { throw CommandFailure.refused("Entry \(index) is a rotation of the log's key that cannot be read.") }
        return rotation
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
                if leaf[place] == needle[0], needle.indices.allSatisfy({ leaf[place + $0] == needle[$0] }) {
                    return true
                }
                place -= 1
            }
            return false
        }
    }
}
