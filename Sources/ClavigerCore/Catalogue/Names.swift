/// The name of an api or a role: unique in its workspace, never changed and never given to another.
public struct ResourceName: Hashable, Sendable {
    /// The name as text.
    public let text: String

    /// Reads 1 to 63 lower-case letters, digits and hyphens that begin with a letter.
    public init(parsing text: String) throws(FieldError) {
        let bytes = text.utf8
        guard (1...63).contains(bytes.count), let first = bytes.first,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
            bytes.allSatisfy({
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            })
        else {
            throw FieldError("must be 1 to 63 characters: a lower-case letter, then lower-case letters, digits or -")
        }
        self.text = text
    }

    init(known text: String) {
        self.text = text
    }
}

/// The name of an environment of an api, for example `production`.
///
/// The same shape as ``ResourceName``.
public struct EnvironmentName: Hashable, Sendable {
    /// The name as text.
    public let text: String

    /// Reads an environment's name.
    public init(parsing text: String) throws(FieldError) {
        self.text = try ResourceName(parsing: text).text
    }

    private init(known text: String) {
        self.text = text
    }

    /// The environment that every api has unless it says otherwise.
    public static let production = EnvironmentName(known: "production")
    /// The environment between development and production.
    public static let staging = EnvironmentName(known: "staging")
    /// The environment for trying things out.
    public static let development = EnvironmentName(known: "development")
}

/// A text for people: no control characters, bounded.
public struct Label: Hashable, Sendable {
    /// The text.
    public let text: String

    /// Reads a text of 1 to `longest` characters without control characters or surrounding spaces.
    public init(parsing text: String, atMost longest: Int = 128) throws(FieldError) {
        guard !text.isEmpty, text.unicodeScalars.count <= longest else {
            throw FieldError("must have 1 to \(longest) characters")
        }
        guard text.unicodeScalars.allSatisfy(Self.isVisible) else {
            throw FieldError("must not have control characters or characters that cannot be seen")
        }
        guard text.first?.isWhitespace == false, text.last?.isWhitespace == false else {
            throw FieldError("must not begin or end with a space")
        }
        self.text = text
    }

    init(known text: String) {
        self.text = text
    }

    /// Names are compared as stored, byte by byte, as the database does.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.text.utf8.elementsEqual(rhs.text.utf8)
    }

    /// Equal names hash alike.
    public func hash(into hasher: inout Hasher) {
        for byte in self.text.utf8 { hasher.combine(byte) }
    }

    /// Whether a character can be seen and leaves the others where they are: a name that looks like another, or turns
    /// the text around it, deceives whoever reads a table or the audit log.
    static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
        default: true
        }
    }
}

/// What the customer's own systems say about something: any JSON object of at most 4 KiB.
public struct Metadata: Hashable, Sendable {
    /// The members.
    public let object: JSONObject

    /// No members.
    public static let empty = Metadata(known: JSONObject())

    /// Takes an object that is small enough.
    public init(_ object: JSONObject) throws(FieldError) {
        guard JSON.object(object).serialized().count <= 4096 else {
            throw FieldError("must take at most 4,096 bytes as JSON")
        }
        self.object = object
    }

    private init(known object: JSONObject) {
        self.object = object
    }

    /// The object as compact JSON text.
    public var text: String {
        String(decoding: JSON.object(self.object).serialized(), as: UTF8.self)
    }
}
