import Crypto

/// The unkeyed hash that must not be what is stored.
enum SHA256Reference {
    static func hash(_ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }
}
