import ArgumentParser
import ClavigerCore
import Testing

@testable import claviger

/// What `claviger api approval` makes of the rules that there are.
@Suite struct APIApprovalCommandTests {
    private static let current: JSON = [
        "required": true, "quorum": 3, "requestLifetime": "7d", "collectWithin": "2d",
    ]

    private func rules(_ flags: String..., after current: JSON?) throws -> JSON {
        try APIApprovalCommand.parse(["payments", "production"] + flags).rules(after: current)
    }

    @Test func whatIsNotGivenStays() throws {
        #expect(try self.rules(after: Self.current) == Self.current)
        #expect(
            try self.rules("--quorum", "2", after: Self.current) == [
                "required": true, "quorum": 2, "requestLifetime": "7d", "collectWithin": "2d",
            ]
        )
        #expect(
            try self.rules("--not-required", "--collect-within", "1d", after: Self.current) == [
                "required": false, "quorum": 3, "requestLifetime": "7d", "collectWithin": "1d",
            ]
        )
    }

    @Test func whereNothingWasSaidTheServerDecides() throws {
        #expect(try self.rules(after: nil) == ["required": true])
        #expect(
            try self.rules("--request-lifetime", "3d", after: nil) == ["required": true, "requestLifetime": "3d"]
        )
    }
}
