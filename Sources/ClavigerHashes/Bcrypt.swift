#if canImport(CCrypt)
import CCrypt
#endif

/// bcrypt by the system's libcrypt.
enum Bcrypt {
    /// bcrypt does not look further: two tokens that begin alike would be one.
    private static let longest = 72
    /// The size of `struct crypt_data`.
    private static let room = 32_768

    /// The 31 characters that bcrypt puts behind the setting; nil for bytes that it would cut off.
    static func hash(_ bytes: [UInt8], setting: String) throws -> [UInt8]? {
        guard bytes.count <= Self.longest, !bytes.contains(0) else { return nil }
        #if canImport(CCrypt)
        // Not on the stack, which is small on threads that are not the first; erased, as the token has been in it.
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.room, alignment: 16)
        room.initializeMemory(as: UInt8.self, repeating: 0)
        defer {
            room.initializeMemory(as: UInt8.self, repeating: 0)
            room.deallocate()
        }
        let phrase = bytes.map(CChar.init(bitPattern:)) + [0]
        guard let text = crypt_rn(phrase, setting, room.baseAddress, CInt(room.count)) else {
            throw SlowHashFailure(library: "crypt", code: 0)
        }
        let result = String(cString: text)
        // A failure is a text that begins with an asterisk.
        guard result.utf8.count == 60, result.hasPrefix(setting.prefix(7)) else {
            throw SlowHashFailure(library: "crypt", code: 1)
        }
        return Array(result.utf8.suffix(31))
        #else
        throw SlowHashFailure(library: "crypt", code: 2)
        #endif
    }
}
