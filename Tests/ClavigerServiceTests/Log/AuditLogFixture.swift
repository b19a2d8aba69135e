import ClavigerCore
import ClavigerLog
import ClavigerService
import ClavigerStore
import ClavigerTestSupport

/// An authority whose audit log is looked at from the outside.
struct AuditLogFixture {
    let test: TestAuthority
    let owner: Caller

    init(_ database: (any Database)? = nil, heads: AuditHeads = AuditHeads()) async throws {
        self.test = try await TestAuthority(database: database, auditHeads: heads)
        self.owner = try await self.test.owner()
    }

    var log: AuditLog { self.test.authority.auditLog }
    var store: SQLAuthorityStore { SQLAuthorityStore(self.test.database, random: self.test.random) }

    /// Makes consumers, each of which is a record.
    func consumers(_ count: Int, _ prefix: String = "customer") async throws -> [Consumer] {
        var made: [Consumer] = []
        for index in 0..<count {
            let attributes = Consumer.Attributes(
                externalID: try Label(parsing: "\(prefix)\(index)"),
                kind: .customer,
                name: try Label(parsing: "Person \(prefix)\(index)")
            )
            let outcome = try await self.test.authority.createConsumer(attributes, by: self.owner, once: nil)
            guard case .done(let consumer) = outcome else { continue }
            made.append(consumer)
        }
        return made
    }

    func size() async throws -> Int { try await self.store.read { try $0.auditSize() } }

    /// The newest event with an action.
    func newest(_ action: String) async throws -> JSON? {
        var filter = AuditFilter()
        filter.action = action
        return try await self.store.read { [filter, workspace = self.test.workspaceID] tx in
            try tx.auditEvents(filter, in: workspace, page: PageRequest(limit: 1)).first?.fields
        }
    }

    /// Opens the log as another start of the server would.
    func reopen(_ heads: AuditHeads? = nil) async throws -> AuditLog {
        try await AuditLog.open(
            self.store,
            keyring: self.test.keyring,
            workspace: self.test.workspaceID,
            base: nil,
            heads: heads ?? self.test.auditHeads,
            time: self.test.time,
            logger: self.test.log.logger()
        )
    }

    /// Whose word counts for whoever was given the key.
    func policy() async throws -> LogPolicy? {
        let key = try await self.test.authority.auditKey(by: self.owner)
        return NoteLine(key.origin).flatMap { LogPolicy(origin: $0, logKeys: [key.current]) }
    }

    /// Verifies the whole log as it is served.
    @discardableResult
    func verify(_ log: AuditLog? = nil, since: [UInt8]? = nil, from first: UInt64 = 0) async throws -> LogReport? {
        guard let policy = try await self.policy() else { return nil }
        let earlier = try since.map { try SignedNote(parsing: $0) }
        let reader = ServedLog(log: log ?? self.log)
        return try await LogVerifier(reader, policy: policy, earlier: earlier, minimumIndex: first).verify()
    }
}

/// The log as it is served.
struct ServedLog: LogReading {
    let log: AuditLog

    func read(_ resource: LogResource) async throws -> [UInt8]? { try await self.log.bytes(of: resource) }
}
