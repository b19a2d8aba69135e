public import ClavigerLog

/// The logs that a witness watches, each with the keys that may sign for it.
///
/// A log has more than one key while its key is being changed.
public struct KnownLogs: Hashable, Sendable {
    private var keys: [NoteLine: [VerifierKey]] = [:]

    /// Knows these logs; several with the same origin are one log with several keys.
    public init(_ logs: some Sequence<KnownLog>) {
        for log in logs where self.keys[log.origin]?.contains(log.key) != true {
            self.keys[log.origin, default: []].append(log.key)
        }
    }

    /// The names of the logs.
    public var origins: [NoteLine] {
        self.keys.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The keys of a log, at least one; nil for a log that is not known.
    public func keys(of origin: NoteLine) -> [VerifierKey]? {
        self.keys[origin]
    }

    /// Whether one of the logs signs with this public key.
    public func sign(with key: VerifierKey) -> Bool {
        self.keys.values.contains { $0.contains { $0.publicKey == key.publicKey } }
    }
}

/// A log by its name and one key, as an operator writes it.
public struct KnownLog: Hashable, Sendable {
    /// The name of the log: the first line of its checkpoints.
    public let origin: NoteLine
    /// A key that signs for it.
    public let key: VerifierKey

    /// Names a log and one of its keys.
    public init(origin: NoteLine, key: VerifierKey) {
        self.origin = origin
        self.key = key
    }

    /// Reads `VKEY`, where the origin is the name of the key, or `ORIGIN=VKEY`.
    public init(parsing text: String) throws(NoteKeyError) {
        let whole: NoteKeyError
        do throws(NoteKeyError) {
            let key = try VerifierKey(parsing: text)
            guard let origin = NoteLine(key.name.text) else { throw .malformed }
            self.init(origin: origin, key: key)
            return
        } catch {
            whole = error
        }
        // Names may have `=` in them; the id of the key tells which of them ends the origin.
        for place in text.indices where text[place] == "=" {
            guard let key = try? VerifierKey(parsing: String(text[text.index(after: place)...])),
                let origin = NoteLine(String(text[..<place]))
            else { continue }
            self.init(origin: origin, key: key)
            return
        }
        throw whole
    }
}
