import ClavigerCore
import ClavigerService
import ClavigerTestSupport
import Crypto
import Foundation
import HTTPTypes
import Testing

/// Each hour and day of the access log is anchored in the audit log by the digest of its export.
@Suite struct AccessLogAnchorTests {
    private static func anchors(_ api: APIFixture) async throws -> [JSON] {
        let answer = try await api.send(.get, "/v1/audit/events?action=access_log.anchor&limit=200")
        return (answer.json["items"]?.array ?? []).compactMap { $0["after"] }.reversed()
    }

    private static func digest(_ api: APIFixture, _ anchor: JSON) async throws -> String {
        let range = "from=\(anchor.text("from"))&to=\(anchor.text("to"))"
        let export = try await api.send(.get, "/v1/access-log/export?\(range)").text
        return SHA256.hash(data: Array(export.utf8)).map { String(format: "%02x", $0) }.joined()
    }

    @Test func eachHourAndDayIsWhatItsExportIs() async throws {
        try await APIFixture.run { api in
            let key = try await api.makeKey()
            for _ in 0..<3 { _ = try await api.verify(key.token) }
            _ = try await api.verify("pay_live_nonsense")
            api.test.time.advance(by: .seconds(3600))
            _ = try await api.verify(key.token)
            try await api.test.maintenance.anchorAccessLog()
            // Hours in which nothing was used are anchored too.
            let first = try #require(try await Self.anchors(api).first { $0["entries"] != 0 })
            #expect(first["period"] == "hour")
            #expect(first["entries"] == 4)
            #expect(first["codes"] == ["malformed": 1, "valid": 3])
            #expect(try await Self.digest(api, first) == first["sha256"]?.string)

            // An hour is anchored once, and one that is not over not at all.
            let count = try await Self.anchors(api).count
            try await api.test.maintenance.anchorAccessLog()
            #expect(try await Self.anchors(api).count == count)

            api.test.time.advance(by: .seconds(30 * 3600))
            try await api.test.maintenance.anchorAccessLog()
            let all = try await Self.anchors(api)
            for anchor in all { #expect(try await Self.digest(api, anchor) == anchor["sha256"]?.string) }
            let hours = all.filter { $0["period"] == "hour" }
            for (hour, next) in zip(hours, hours.dropFirst()) { #expect(hour["to"] == next["from"]) }
            let day = try #require(all.first { $0["period"] == "day" })
            #expect((day["entries"]?.integer ?? 0) >= 5 || hours.count > 24)
        }
    }
}

extension JSON {
    fileprivate func text(_ name: String) -> String { self[name]?.string ?? "" }
}
