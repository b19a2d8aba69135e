/// Why a value cannot be sealed or opened.
public enum SealingError: Error, Hashable, Sendable {
    /// The bytes or the text do not have the shape of a sealed value.
    case malformed
    /// The format is one that this version does not know.
    case unknownFormat(UInt8)
    /// The keyring does not have the version of the key that the value was sealed with.
    case unknownKeyVersion(Int)
    /// The value was changed, was sealed for another place, or was sealed with another key. Which of these is not said,
    /// and cannot be known.
    case refused
    /// What should be sealed is too long for its place.
    case tooLong(limit: Int)
}
