import ClavigerTestSupport
import Testing

@testable import ClavigerCore

@Suite("The states of a key")
struct KeyStateTests {
    private static let before = Transition(
        at: Timestamp(milliseconds: 1),
        by: nil,
        reason: .ownerLeft,
        note: "the first reason"
    )
    private static let now = Transition(
        at: Timestamp(milliseconds: 2),
        by: APIKey.ID(at: Timestamp(milliseconds: 0), from: SeededRandom()),
        reason: .superseded,
        note: "the second reason"
    )

    private static func state(_ name: KeyState.Name) throws -> KeyState {
        switch name {
        case .pending: .pending
        case .active: .active(since: Self.before)
        case .suspended: .suspended(Self.before)
        case .revoked: .revoked(Self.before)
        case .compromised: .compromised(Self.before)
        case .destroyed: .destroyed(Self.before)
        case .expired: throw FieldError("expired is no state of its own")
        }
    }

    /// What becomes of a state.
    enum Result: Sendable {
        /// The new state, with the new transition.
        case becomes(KeyState.Name)
        /// Carried out already: the old state, with its own transition.
        case stays
        case refused
    }

    static let table: [(KeyState.Name, KeyCommand, onTime: Result, expired: Result)] = [
        (.pending, .suspend, onTime: .refused, expired: .refused),
        (.pending, .resume, onTime: .refused, expired: .refused),
        (.pending, .revoke, onTime: .becomes(.revoked), expired: .becomes(.revoked)),
        (.pending, .compromise, onTime: .becomes(.compromised), expired: .becomes(.compromised)),
        (.pending, .destroy, onTime: .refused, expired: .becomes(.destroyed)),
        (.active, .suspend, onTime: .becomes(.suspended), expired: .becomes(.suspended)),
        (.active, .resume, onTime: .stays, expired: .stays),
        (.active, .revoke, onTime: .becomes(.revoked), expired: .becomes(.revoked)),
        (.active, .compromise, onTime: .becomes(.compromised), expired: .becomes(.compromised)),
        (.active, .destroy, onTime: .refused, expired: .becomes(.destroyed)),
        (.suspended, .suspend, onTime: .stays, expired: .stays),
        (.suspended, .resume, onTime: .becomes(.active), expired: .becomes(.active)),
        (.suspended, .revoke, onTime: .becomes(.revoked), expired: .becomes(.revoked)),
        (.suspended, .compromise, onTime: .becomes(.compromised), expired: .becomes(.compromised)),
        (.suspended, .destroy, onTime: .refused, expired: .becomes(.destroyed)),
        (.revoked, .suspend, onTime: .refused, expired: .refused),
        (.revoked, .resume, onTime: .refused, expired: .refused),
        (.revoked, .revoke, onTime: .stays, expired: .stays),
        (.revoked, .compromise, onTime: .becomes(.compromised), expired: .becomes(.compromised)),
        (.revoked, .destroy, onTime: .becomes(.destroyed), expired: .becomes(.destroyed)),
        (.compromised, .suspend, onTime: .refused, expired: .refused),
        (.compromised, .resume, onTime: .refused, expired: .refused),
        (.compromised, .revoke, onTime: .refused, expired: .refused),
        (.compromised, .compromise, onTime: .stays, expired: .stays),
        (.compromised, .destroy, onTime: .becomes(.destroyed), expired: .becomes(.destroyed)),
        (.destroyed, .suspend, onTime: .refused, expired: .refused),
        (.destroyed, .resume, onTime: .refused, expired: .refused),
        (.destroyed, .revoke, onTime: .refused, expired: .refused),
        (.destroyed, .compromise, onTime: .refused, expired: .refused),
        (.destroyed, .destroy, onTime: .stays, expired: .stays),
    ]

    @Test("every state, every command, on time and expired", arguments: Self.table.indices, [false, true])
    func transitions(row: Int, isExpired: Bool) throws {
        let (name, command, onTime, expired) = Self.table[row]
        let state = try Self.state(name)
        switch isExpired ? expired : onTime {
        case .becomes(let new):
            let after = try state.after(command, isExpired: isExpired, Self.now)
            #expect(after.name == new)
            #expect(after.transition == Self.now)
        case .stays:
            #expect(try state.after(command, isExpired: isExpired, Self.now) == state)
        case .refused:
            let refusal = #expect(throws: TransitionRefusal.self) {
                try state.after(command, isExpired: isExpired, Self.now)
            }
            #expect(refusal?.message.contains(name.rawValue) == true)
            #expect(refusal?.message.contains("reason") == false)
        }
    }

    @Test("the table is whole")
    func whole() {
        let rows = Set(Self.table.map { "\($0.0.rawValue) \($0.1.rawValue)" })
        #expect(rows.count == (KeyState.Name.allCases.count - 1) * KeyCommand.allCases.count)
        #expect(Self.table.count == rows.count)
    }

    @Test("a key that was never suspended was brought to active by nobody")
    func neverSuspended() throws {
        #expect(KeyState.active(since: nil).transition == nil)
        #expect(KeyState.pending.transition == nil)
        #expect(try KeyState.active(since: nil).after(.resume, isExpired: false, Self.now) == .active(since: nil))
    }

    @Test("what is refused says what to do")
    func messages() throws {
        let destroy = #expect(throws: TransitionRefusal.self) {
            try KeyState.active(since: nil).after(.destroy, isExpired: false, Self.now)
        }
        #expect(destroy?.message == "The key is active; revoke it first, then delete it.")
        let resume = #expect(throws: TransitionRefusal.self) {
            try KeyState.revoked(Self.before).after(.resume, isExpired: false, Self.now)
        }
        #expect(resume?.message == "A key that is revoked cannot be told to resume.")
    }

    @Test("compromised means leaked unless told otherwise")
    func usualReasons() {
        #expect(KeyCommand.allCases.map(\.usualReason) == [.other, .other, .other, .leaked, .other])
        #expect(
            TransitionReason.allCases.map(\.rawValue) == [
                "superseded", "unused", "leaked", "owner_left", "privilege_withdrawn", "rotation_overdue", "other",
            ]
        )
    }

    @Test(
        "time makes expired keys of those that could still be used",
        arguments: [
            (.pending, .expired), (.active, .expired), (.suspended, .expired), (.revoked, .revoked),
            (.compromised, .compromised),
            (.destroyed, .destroyed),
        ] as [(KeyState.Name, KeyState.Name)]
    )
    func expiry(name: KeyState.Name, afterwards: KeyState.Name) throws {
        let random = SeededRandom()
        let epoch = Timestamp(milliseconds: 0)
        let expiresAt = Timestamp(milliseconds: 1000)
        func key(expiresAt: Timestamp?) throws -> APIKey {
            APIKey(
                id: APIKey.ID(at: epoch, from: random),
                workspaceID: Workspace.ID(at: epoch, from: random),
                apiID: API.ID(at: epoch, from: random),
                environment: .production,
                consumerID: Consumer.ID(at: epoch, from: random),
                start: "pay_live_0123456789AB",
                attributes: APIKey.Attributes(name: try Label(parsing: "a key"), expiresAt: expiresAt),
                state: try Self.state(name),
                createdAt: epoch,
                createdBy: nil,
                updatedAt: epoch,
                version: 1
            )
        }
        #expect(try key(expiresAt: expiresAt).state(at: Timestamp(milliseconds: 999)) == name)
        #expect(try key(expiresAt: expiresAt).state(at: expiresAt) == afterwards)
        #expect(try key(expiresAt: nil).state(at: .latest) == name)
    }
}
