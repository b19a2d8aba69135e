extension Verdict {
    /// The verdict on bytes that are not a token; nothing was looked up.
    public static let malformed = Verdict(.malformed)
}

extension KeyTokenError {
    /// What is wrong with the token, for the operator who asks for an explanation.
    public var explanation: String {
        switch self {
        case .malformed: "not a token: expected <prefix>_<tag>_ and 61 letters and digits"
        case .wrongChecksum: "the checksum is wrong: mistyped, cut off or invented"
        }
    }
}
