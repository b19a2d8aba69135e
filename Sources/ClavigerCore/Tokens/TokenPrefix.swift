/// The beginning of an api's tokens, for example `acme`: a letter, then 1 to 15 letters or digits, in lower case.
public struct TokenPrefix: Hashable, Sendable {
    /// The prefix as text.
    public let text: String

    /// Reads a prefix.
    public init(parsing text: String) throws(FieldError) {
        guard TokenPrefix.isWord(text.utf8, length: 2...16) else {
            throw FieldError("must be 2 to 16 characters: a lower-case letter, then lower-case letters or digits")
        }
        self.text = text
    }

    static func isWord(_ bytes: some Collection<UInt8>, length: ClosedRange<Int>) -> Bool {
        guard length.contains(bytes.count), let first = bytes.first else { return false }
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
            && bytes.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }
}

/// The part of a token that names its environment, for example `live`: 1 to 16 lower-case letters or digits.
public struct TokenTag: Hashable, Sendable {
    /// The tag as text.
    public let text: String

    /// Reads a tag.
    public init(parsing text: String) throws(FieldError) {
        guard TokenPrefix.isWord(text.utf8, length: 1...16) else {
            throw FieldError("must be 1 to 16 characters: a lower-case letter, then lower-case letters or digits")
        }
        self.text = text
    }
}
