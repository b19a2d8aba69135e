import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import ClavigerVerifier
import Testing

@testable import ClavigerStore

@Suite("Values of recorded use")
struct UsageValueTests {
    @Test(
        "A day begins and ends in UTC, also before 1970",
        arguments: [
            (0, "1970-01-01"), (86_399_999, "1970-01-01"), (86_400_000, "1970-01-02"), (-1, "1969-12-31"),
            (-86_400_000, "1969-12-31"), (-86_400_001, "1969-12-30"), (1_795_243_200_000, "2026-11-21"),
            (1_709_164_800_000, "2024-02-29"),
        ]
    )
    func days(milliseconds: Int64, text: String) {
        let day = UTCDay(Timestamp(milliseconds: milliseconds))
        #expect(day.description == text)
        #expect(UTCDay(parsing: text) == day)
        #expect(day.start.milliseconds <= milliseconds)
        #expect(day.next.start.milliseconds > milliseconds)
    }

    @Test(
        "What is not a date is no day",
        arguments: ["", "2026-11-2", "2026-02-30", "2026-11-21 ", "2026-11-21T", "claviger", "2026-11-21-"]
    )
    func notDays(text: String) {
        #expect(UTCDay(parsing: text) == nil)
    }

    @Test("A position reads back from its text, and from nothing else")
    func positions() {
        let position = AccessLogPosition(day: UTCDay(number: 20_778), sequence: .max)
        #expect(AccessLogPosition(text: position.text) == position)
        for text in ["", "/", "2026-11-21", "2026-11-21/", "2026-11-21/-1", "2026-11-21/1/2", "x/1"] {
            #expect(AccessLogPosition(text: text) == nil)
        }
    }

    @Test("Steps begin at whole units, also before 1970")
    func steps() {
        #expect(UsageResolution.hour.start(of: Timestamp(milliseconds: 3_600_001)).milliseconds == 3_600_000)
        #expect(UsageResolution.hour.start(of: Timestamp(milliseconds: -1)).milliseconds == -3_600_000)
        #expect(UsageResolution.minute.start(of: Timestamp(milliseconds: 60_000)).milliseconds == 60_000)
        #expect(UsageResolution.day.start(of: Timestamp(milliseconds: -86_400_000)).milliseconds == -86_400_000)
    }

    @Test("Ids, addresses and networks come back from their bytes", arguments: [1, 2, 3] as [UInt64])
    func bytes(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let bits = UInt128(generator.next()) << 64 | UInt128(generator.next())
            #expect(IDBytes(sqlValue: IDBytes(bits).sqlValue)?.bits == bits)
            for address in [IPAddress.v4(UInt32(truncatingIfNeeded: bits)), .v6(bits)] {
                #expect(AddressBytes(sqlValue: AddressBytes(address).sqlValue)?.address == address)
            }
            let v6 = try CIDR(parsing: "\(IPAddress.v6((bits >> 64) << 64))/64")
            #expect(NetworkBytes(sqlValue: NetworkBytes(v6).sqlValue)?.network == v6)
            let v4 = try CIDR(parsing: "\(IPAddress.v4(UInt32(truncatingIfNeeded: bits)))/32")
            #expect(NetworkBytes(sqlValue: NetworkBytes(v4).sqlValue)?.network == v4)
        }
        #expect(NetworkBytes(sqlValue: NetworkBytes(nil).sqlValue)?.network == nil)
        #expect(NetworkBytes(sqlValue: .blob([1, 2])) == nil)
        #expect(IDBytes(sqlValue: .blob([1])) == nil)
        #expect(AddressBytes(sqlValue: .blob([])) == nil)
    }

    @Test("A row has a value for each column")
    func width() {
        let record = UsageRecord(time: Timestamp(milliseconds: 0), code: 0, source: .verify)
        #expect(AccessLogRow.values(record, 1).count == AccessLogRow.width)
        let names = AccessLogRow.columns.text { _ in "?" }.split(separator: ",")
        #expect(names.count == AccessLogRow.width)
    }

    @Test("A statement takes the values of a row in place of its own, and no other number of them")
    func binding() throws {
        let sql: SQL = "INSERT INTO t (a, b) VALUES \(parameters: 2)"
        #expect(sql.text { "$\($0)" } == "INSERT INTO t (a, b) VALUES ($1, $2)")
        #expect(try sql.binding([.integer(1), .text("x")]).binds == [.integer(1), .text("x")])
        #expect(throws: DatabaseError.self) { try sql.binding([.integer(1)]) }
        #expect(throws: DatabaseError.self) { try sql.binding([.integer(1), .integer(2), .integer(3)]) }
    }
}
