import ClavigerCore
import ClavigerService
import ClavigerVerifier

/// How a record is stored in a day of the access log.
enum AccessLogRow {
    static var columns: SQL {
        """
        sequence, block, at, code, source, workspace_id, api_id, consumer_id, key_id, credential_id, lookup_id,
        environment, client_address, method, path, origin, user_agent, upstream_status, cost, latency_micros,
        request_id
        """
    }

    /// The number of `columns`.
    static let width = 21

    /// The part of the journal, in steps of 1 MiB, that a record is from.
    static func block(of sequence: UInt64) -> Int64 {
        Int64(Sequence64(sequence).number >> 20)
    }

    /// The first number of a block.
    static func firstSequence(of block: Int64) -> UInt64 {
        UInt64(max(block, 0)) << 20
    }

    /// The values for `columns`.
    static func values(_ record: UsageRecord, _ sequence: UInt64) -> [SQLValue] {
        [
            Sequence64(sequence).sqlValue,
            .integer(Self.block(of: sequence)),
            record.time.sqlValue,
            .integer(Int64(record.code)),
            .integer(Int64(record.source.rawValue)),
            Self.id(record.workspaceID),
            Self.id(record.apiID),
            Self.id(record.consumerID),
            Self.id(record.keyID),
            Self.id(record.credentialID),
            record.lookupID.sqlValue,
            Self.text(record.environment),
            record.clientAddress.map { AddressBytes($0).sqlValue } ?? .null,
            Self.text(record.method),
            Self.text(record.path),
            Self.text(record.origin),
            Self.text(record.userAgent),
            record.upstreamStatus.map { .integer(Int64($0)) } ?? .null,
            .integer(Int64(record.cost)),
            .integer(Int64(record.latencyMicros)),
            Self.text(record.requestID),
        ]
    }

    static func entry(_ row: Row) throws -> AccessLogEntry {
        var record = UsageRecord(
            time: try row.value("at"),
            code: try Self.number(row, "code"),
            source: try UsageRecord.Source(rawValue: Self.number(row, "source")) ?? .verify,
            cost: try Self.number(row, "cost"),
            requestID: try row.value("request_id")
        )
        record.workspaceID = try row.value("workspace_id", as: IDBytes?.self)?.bits
        record.apiID = try row.value("api_id", as: IDBytes?.self)?.bits
        record.consumerID = try row.value("consumer_id", as: IDBytes?.self)?.bits
        record.keyID = try row.value("key_id", as: IDBytes?.self)?.bits
        record.credentialID = try row.value("credential_id", as: IDBytes?.self)?.bits
        record.lookupID = try row.value("lookup_id")
        record.environment = try row.value("environment")
        record.clientAddress = try row.value("client_address", as: AddressBytes?.self)?.address
        record.method = try row.value("method")
        record.path = try row.value("path")
        record.origin = try row.value("origin")
        record.userAgent = try row.value("user_agent")
        record.upstreamStatus = try row.value("upstream_status", as: Int?.self).flatMap(UInt16.init(exactly:))
        record.latencyMicros = try Self.number(row, "latency_micros")
        return AccessLogEntry(record, sequence: try row.value("sequence", as: Sequence64.self).number)
    }

    /// Reads a number that the schema keeps in bounds.
    static func number<Number: FixedWidthInteger>(_ row: Row, _ column: String) throws -> Number {
        guard let number = Number(exactly: try row.value(column, as: Int64.self)) else { throw Row.unreadable(column) }
        return number
    }

    private static func id(_ bits: UInt128?) -> SQLValue {
        bits.map { IDBytes($0).sqlValue } ?? .null
    }

    /// A text that a client may have sent: no database takes a NUL, and one record must not hold up all others.
    private static func text(_ text: String?) -> SQLValue {
        guard let text else { return .null }
        guard text.utf8.contains(0) else { return .text(text) }
        return .text(String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{FFFD}" : $0 })))
    }
}
