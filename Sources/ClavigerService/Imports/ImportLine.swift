public import ClavigerCore

/// What a line says of the token.
public enum ImportedSecret: Sendable {
    /// The token itself.
    case token(ForeignToken)
    /// What another system stored, and the part of the token that names the record.
    case hash(ForeignHash, id: [UInt8]?)
}

/// A key as a line describes it.
public struct ImportedKey: Sendable {
    /// What is said of the token.
    public var secret: ImportedSecret
    /// The consumer in the owner's own systems.
    public var owner: Label
    /// What a consumer is that has to be made.
    public var ownerKind: Consumer.Kind
    /// The plan.
    public var plan: Reference<Plan>?
    /// What is shown as the beginning of the token.
    public var start: String
    /// The rest.
    public var attributes: APIKey.Attributes

    /// Makes a key.
    public init(
        secret: ImportedSecret,
        owner: Label,
        ownerKind: Consumer.Kind,
        plan: Reference<Plan>?,
        start: String,
        attributes: APIKey.Attributes
    ) {
        self.secret = secret
        self.owner = owner
        self.ownerKind = ownerKind
        self.plan = plan
        self.start = start
        self.attributes = attributes
    }
}

/// A line of an import.
public struct ImportLine: Sendable {
    /// The number, from 1.
    public var number: Int
    /// The key, or why there is none.
    public var content: Result<ImportedKey, FieldError>

    /// Makes a line.
    public init(number: Int, content: Result<ImportedKey, FieldError>) {
        self.number = number
        self.content = content
    }
}

/// An import that lines can be given to.
public struct ImportSession: Sendable {
    /// What is said of all lines.
    public let settings: ImportSettings
    /// The import; nil for a dry run.
    public let id: KeyImport.ID?
    /// The last line that is done with; it and those before have no effect any more.
    public let lastLine: Int
}

/// What became of some lines.
public struct ImportReport: Sendable {
    /// How many became what.
    public var counts = KeyImport.Counts()
    /// The lines that could not be taken.
    public var refusals: [ImportRefusal] = []

    /// Makes a report of nothing.
    public init() {}
}
