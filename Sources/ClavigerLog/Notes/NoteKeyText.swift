/// The text of keys, public and private: `name+id+base64(type || key)`.
enum NoteKeyText {
    static func parse(
        _ text: some Collection<UInt8>
    ) throws(NoteKeyError) -> (name: NoteKeyName, id: NoteKeyID, type: NoteKeyType, key: [UInt8]) {
        // Base64 may have a plus itself; names and ids have none.
        let parts = text.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3,
            let name = NoteKeyName(utf8: parts[0]),
            let id = NoteKeyID(hexadecimal: parts[1]),
            let bytes = Base64.decode(parts[2]), let first = bytes.first
        else { throw .malformed }
        guard let type = NoteKeyType(rawValue: first) else { throw .wrongType }
        guard bytes.count == 1 + 32 else { throw .malformed }
        return (name, id, type, Array(bytes.dropFirst()))
    }

    static func text(name: NoteKeyName, id: NoteKeyID, type: NoteKeyType, key: some Collection<UInt8>) -> String {
        "\(name)+\(id)+" + Base64.encode([type.rawValue] + key)
    }
}
