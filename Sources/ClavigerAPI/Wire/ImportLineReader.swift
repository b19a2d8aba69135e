import ClavigerCore
import ClavigerService

/// Makes keys of the lines of an import.
///
/// Whatever is wrong with a line is a reason for that line, and no reason has anything from the line in it.
struct ImportLineReader {
    private static let fields: Set<String> = [
        "token", "hash", "id", "start", "name", "consumerExternalId", "consumerKind", "scopes", "roles", "notBefore",
        "expiresAt", "createdAt", "restrictions", "limits", "credits", "planId", "metadata",
    ]
    private static let longestStart = 16
    private static let limits = JSONLimits(depth: 16, values: 4096)

    private let upload: ImportUpload
    /// The names of the columns of CSV, once they are known.
    private var columns: [String]?

    init(_ upload: ImportUpload) {
        self.upload = upload
    }

    /// Whether the next line has the names of the columns.
    var needsColumns: Bool { self.upload.format == .csv && self.columns == nil }

    /// The key of a line; nil for an empty line, and for the names of the columns.
    ///
    /// - Throws: when the names of the columns cannot be used, as no line can be read then.
    mutating func read(_ line: LineSplitter.Line) throws(Problem) -> ImportLine? {
        guard let bytes = line.bytes else {
            return ImportLine(number: line.number, content: .failure(FieldError("is longer than 64 KiB")))
        }
        guard bytes.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { return nil }
        if self.needsColumns {
            self.columns = try Self.columns(bytes)
            return nil
        }
        do throws(FieldError) {
            let object = try self.object(bytes)
            return ImportLine(number: line.number, content: .success(try self.key(object)))
        } catch {
            return ImportLine(number: line.number, content: .failure(error))
        }
    }

    // MARK: - Lines

    private static func columns(_ bytes: [UInt8]) throws(Problem) -> [String] {
        let names: [String]
        do throws(FieldError) {
            names = try CSVRecord(parsing: bytes).fields
        } catch {
            throw Problem(.validationFailed, "The line with the names of the columns \(error.message).")
        }
        var violations: [Violation] = []
        for (index, name) in names.enumerated() where !Self.fields.contains(name) {
            // Not the name: without a line of names, it is the first key.
            violations.append(Violation("/\(index)", "is not the name of a column that is known"))
        }
        if Set(names).count < names.count { violations.append(Violation("", "has a name of a column twice")) }
        guard violations.isEmpty else { throw .validation(violations) }
        return names
    }

    private func object(_ bytes: [UInt8]) throws(FieldError) -> JSONObject {
        guard let columns else {
            do throws(JSONError) {
                guard let object = try JSON.parse(bytes, limits: Self.limits).object else {
                    throw JSONError.unexpectedByte(offset: 0)
                }
                return object
            } catch {
                throw FieldError("is not a JSON object: \(error.message)")
            }
        }
        let record = try CSVRecord(parsing: bytes)
        guard record.fields.count == columns.count else {
            throw FieldError("has \(record.fields.count) fields, and there are \(columns.count) columns")
        }
        var members: [(String, JSON)] = []
        for (name, text) in zip(columns, record.fields) where !text.isEmpty {
            switch name {
            case "scopes", "roles":
                let words = text.split { $0 == " " || $0 == ";" }
                members.append((name, .array(words.map { .string(String($0)) })))
            case "restrictions", "limits", "credits", "metadata":
                guard let json = try? JSON.parse(Array(text.utf8), limits: Self.limits) else {
                    throw FieldError("\(name) is not JSON")
                }
                members.append((name, json))
            default: members.append((name, .string(text)))
            }
        }
        return JSONObject(members)
    }

    // MARK: - Keys

    private func key(_ object: JSONObject) throws(FieldError) -> ImportedKey {
        var line = ObjectReader(object)
        let id = self.id(&line)
        let secret = self.secret(&line, id)
        let name = line.optional("name", Field.label) ?? Self.usualName
        let owner = line.optional("consumerExternalId", Field.externalID) ?? self.upload.owner
        if owner == nil, !line.has("consumerExternalId") { line.refuse("consumerExternalId", "is required") }
        let ownerKind = line.optional("consumerKind", Field.name(of: Consumer.Kind.self)) ?? self.upload.ownerKind
        var granted = line.granted()
        granted.metadata = self.metadata(&line, granted.metadata)
        let given = line.optional("start", Self.start)
        var start = given ?? id.map { String(decoding: $0, as: UTF8.self) } ?? "imported"
        if case .token(let token) = secret {
            if let given, given.utf8.count > token.longestStart {
                line.refuse("start", "must be at most a third of the token")
            } else if given == nil, id != nil {
                start = String(decoding: start.utf8.prefix(token.longestStart), as: UTF8.self)
            }
            // The consumer may be the one of the call, which is in no line.
            var places = Self.places(of: token, in: object)
            if let owner, token.isContained(in: owner.text) { places.insert("consumerExternalId") }
            for field in places.sorted() { line.refuse(field, "has the token in it, which is kept nowhere") }
        }
        line.refuseUnknown()
        guard let secret, let owner, line.violations.isEmpty else { throw Self.reason(line.violations) }
        return ImportedKey(
            secret: secret,
            owner: owner,
            ownerKind: ownerKind,
            plan: granted.plan,
            start: start,
            attributes: granted.attributes(named: name)
        )
    }

    private static let usualName: Label = {
        guard let name = try? Label(parsing: "Imported key") else { preconditionFailure("a text that is a name") }
        return name
    }()

    private func id(_ line: inout ObjectReader) -> [UInt8]? {
        let pattern = self.upload.settings.pattern
        return line.optional("id") { text throws(FieldError) in
            guard let pattern else { throw FieldError("means nothing without find") }
            return try pattern.id(parsing: text)
        }
    }

    private func secret(_ line: inout ObjectReader, _ id: [UInt8]?) -> ImportedSecret? {
        if line.value("token") != nil, line.value("hash") != nil {
            line.refuse("hash", "must not be given together with token")
            return nil
        }
        if line.value("token") != nil {
            return line.optional("token") { text throws(FieldError) in
                .token(try ForeignToken(importing: text))
            }
        }
        let hash = self.upload.settings.hash
        return line.required("hash") { text throws(FieldError) in
            guard let hash else { return .hash(try ForeignHash(parsing: text), id: id) }
            return .hash(try ForeignHash(hash, parsing: text), id: id)
        }
    }

    /// The members of a line that have its token in them, in whatever string and however deep.
    private static func places(of token: ForeignToken, in line: JSONObject) -> Set<String> {
        var names: Set<String> = []
        for (name, value) in line.members where name != "token" && (token.isIn(.string(name)) || token.isIn(value)) {
            names.insert(name)
        }
        return names
    }

    private static func start(_ text: String) throws(FieldError) -> String {
        guard (1...Self.longestStart).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw FieldError("must be 1 to \(Self.longestStart) visible ASCII characters") }
        return text
    }

    /// The metadata with when the key was made, unless they say that themselves.
    private func metadata(_ line: inout ObjectReader, _ metadata: Metadata) -> Metadata {
        let createdAt = line.optional("createdAt", Field.timestamp)
        guard let createdAt, metadata.object["createdAt"] == nil else { return metadata }
        var object = metadata.object
        object["createdAt"] = .string(createdAt.text)
        do throws(FieldError) {
            return try Metadata(object)
        } catch {
            line.refuse("metadata", error.message)
            return metadata
        }
    }

    /// All that is wrong with a line, in one sentence.
    ///
    /// A name that is not known is told only if it is too short to be a token.
    private static func reason(_ violations: [Violation]) -> FieldError {
        let sentences = violations.prefix(5).map { violation -> String in
            let place = violation.pointer.split(separator: "/").map { part in
                Self.fields.contains(String(part)) || part.utf8.count < ForeignToken.lengths.lowerBound ? part : "…"
            }
            return "\(place.joined(separator: "/")) \(violation.message)"
        }
        return FieldError(sentences.joined(separator: "; "))
    }
}

extension ForeignToken {
    /// Whether a value has this token in one of its strings, names included.
    ///
    /// Decoded, as they are kept: in the text of JSON a quotation mark would be another character.
    fileprivate func isIn(_ value: JSON) -> Bool {
        switch value {
        case .string(let text): self.isContained(in: text)
        case .array(let values): values.contains { self.isIn($0) }
        case .object(let object): object.members.contains { self.isContained(in: $0.name) || self.isIn($0.value) }
        // A long number can be a token, too.
        case .integer, .number: self.isContained(in: String(decoding: value.serialized(), as: UTF8.self))
        case .null, .bool: false
        }
    }
}
