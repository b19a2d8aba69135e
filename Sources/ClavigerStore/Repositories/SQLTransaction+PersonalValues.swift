import ClavigerCore
import ClavigerService

/// What some records that are written together have committed to: most of them say the same of the same.
struct CommitmentsMade {
    /// The leaf of the last of them.
    let newestIndex: Int
    /// What a commitment is to.
    struct Value: Hashable {
        var subject: PersonalSubject
        var field: String
        /// In its canonical form: that has a hash which takes little time, whatever is in it.
        var value: [UInt8]
    }

    var salts: [PersonalSubject: Commitment.Salt] = [:]
    var commitments: [Value: Commitment] = [:]

    init(upTo newestIndex: Int) {
        self.newestIndex = newestIndex
    }
}

// What commitments in the audit log stand for, as long as it has not been erased.
extension SQLTransaction {
    /// How much too old the newest index of a value may be, so that one that is in every leaf is not written with each.
    private static let valueSlack = 256

    func prunedValues(
        below index: Int,
        after place: PersonalValueID?,
        limit: Int
    ) throws -> (values: [PersonalValueID], last: PersonalValueID?) {
        var values: [PersonalValueID] = []
        var last: PersonalValueID?
        for row in try self.connection.rows(
            """
            SELECT subject, commitment, newest_index FROM audit_values
            WHERE (subject, commitment) > (\(place?.subject ?? ""), \(place?.commitment.bytes ?? []))
            ORDER BY subject, commitment LIMIT \(limit)
            """
        ) {
            guard let commitment = Commitment(bytes: try row.value("commitment")) else {
                throw Row.unreadable("commitment")
            }
            let id = PersonalValueID(subject: try row.value("subject"), commitment: commitment)
            if try row.value("newest_index", as: Int.self) < index - Self.valueSlack { values.append(id) }
            last = id
        }
        return (values, last)
    }

    func removePrunedValues(_ ids: [PersonalValueID], below index: Int) throws {
        // One that has come into a leaf since it was looked for stays.
        let limit = index - Self.valueSlack
        try self.connection.execute(
            "DELETE FROM audit_values WHERE (newest_index < \(limit)) AND (subject, commitment) = \(parameters: 2)",
            rows: ids.map { [limit.sqlValue, $0.subject.sqlValue, $0.commitment.bytes.sqlValue] }
        )
    }

    /// Commits to a value, and keeps it.
    func commit(
        to value: JSON,
        of field: String,
        _ subject: PersonalSubject,
        _ made: inout CommitmentsMade
    ) throws -> Commitment {
        let canonical = value.canonical()
        let committed = CommitmentsMade.Value(subject: subject, field: field, value: canonical)
        if let known = made.commitments[committed] { return known }
        let salt: Commitment.Salt
        if let known = made.salts[subject] {
            salt = known
        } else {
            salt = try self.salt(of: subject) ?? self.makeSalt(of: subject)
            made.salts[subject] = salt
        }
        let commitment = Commitment(toCanonical: canonical, of: field, salt: salt)
        try self.connection.execute(
            """
            INSERT INTO audit_values (commitment, subject, field, value, newest_index)
            VALUES (\(commitment.bytes), \(subject.text), \(field), \(String(decoding: canonical, as: UTF8.self)),
                \(made.newestIndex))
            ON CONFLICT (subject, commitment) DO UPDATE SET newest_index = excluded.newest_index
            WHERE newest_index < excluded.newest_index - \(Self.valueSlack)
            """
        )
        made.commitments[committed] = commitment
        return commitment
    }

    /// What commitments stand for; one whose value does not fit it, as somebody has changed it, is left out.
    func values(of ids: Set<PersonalValueID>) throws -> [Commitment: PersonalValue] {
        var values: [Commitment: PersonalValue] = [:]
        let all = Array(ids)
        for start in stride(from: 0, to: all.count, by: 500) {
            let some = all[start..<min(start + 500, all.count)]
            // Few sizes: the engine keeps each statement that it has prepared.
            let size = [1, 8, 64, 500].first { some.count <= $0 } ?? some.count
            let padded = Array(some) + Array(repeating: some[start], count: size - some.count)
            let pairs = padded.map { "(\($0.subject), \($0.commitment.bytes))" as SQL }
            for row in try self.connection.rows(
                """
                SELECT v.commitment, v.field, v.value, s.salt FROM (VALUES \(sql: .joined(pairs, separator: ", "))) AS wanted
                CROSS JOIN audit_values v ON v.subject = wanted.column1 AND v.commitment = wanted.column2
                JOIN audit_subjects s ON s.subject = v.subject
                """
            ) {
                let value = PersonalValue(field: try row.value("field"), value: try row.value("value"))
                guard let commitment = Commitment(bytes: try row.value("commitment")),
                    let salt = Commitment.Salt(bytes: try row.value("salt")),
                    Commitment(to: value.value, of: value.field, salt: salt) == commitment
                else { continue }
                values[commitment] = value
            }
        }
        return values
    }

    func commitments(to value: JSON) throws -> [KnownCommitment] {
        try self.connection.rows(
            """
            SELECT commitment, subject, field FROM audit_values
            WHERE value = \(String(decoding: value.canonical(), as: UTF8.self)) ORDER BY subject, field LIMIT 1000
            """
        ).compactMap { row in
            guard let commitment = Commitment(bytes: try row.value("commitment")) else { return nil }
            return KnownCommitment(
                commitment: commitment,
                subject: try row.value("subject"),
                field: try row.value("field")
            )
        }
    }

    func erasePersonalValues(of consumer: Consumer.ID) throws -> Int {
        let subject = PersonalSubject.consumer(consumer).text
        let count = try self.connection.execute("DELETE FROM audit_values WHERE subject = \(subject)")
        try self.connection.execute("DELETE FROM audit_subjects WHERE subject = \(subject)")
        return count
    }

    private func salt(of subject: PersonalSubject) throws -> Commitment.Salt? {
        guard let row = try self.connection.row("SELECT salt FROM audit_subjects WHERE subject = \(subject.text)")
        else { return nil }
        guard let salt = Commitment.Salt(bytes: try row.value("salt")) else { throw Row.unreadable("salt") }
        return salt
    }

    private func makeSalt(of subject: PersonalSubject) throws -> Commitment.Salt {
        guard let random = self.random else { throw DatabaseError.failed("A transaction that reads cannot write.") }
        let salt = Commitment.Salt(from: random)
        try self.connection.execute(
            "INSERT INTO audit_subjects (subject, salt) VALUES (\(subject.text), \(salt.bytes))"
        )
        return salt
    }
}
