import ClavigerSQLite
import ClavigerStore
import Dispatch
import Testing

@Suite("Database contract, SQLite")
struct SQLiteContractTests {
    enum Kind: CaseIterable, Sendable {
        case file, memory
    }

    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func contract(_ kind: Kind) -> DatabaseContract {
        let path = self.folder.file("claviger.db")
        return DatabaseContract(
            createTable: """
                CREATE TABLE contract (id TEXT NOT NULL PRIMARY KEY, number INTEGER, ratio REAL, content BLOB) STRICT
                """,
            open: { try await SQLiteDatabase.open(kind == .file ? .file(path) : .memory) }
        )
    }

    @Test(arguments: Kind.allCases)
    func valuesComeBackAsTheyWere(kind: Kind) async throws {
        try await self.contract(kind).valuesComeBackAsTheyWere()
    }

    @Test(arguments: Kind.allCases)
    func statementsTellWhatTheyChanged(kind: Kind) async throws {
        try await self.contract(kind).statementsTellWhatTheyChanged()
    }

    @Test(arguments: Kind.allCases)
    func rowsCanBeWalkedWithTheSameStatementInside(kind: Kind) async throws {
        try await self.contract(kind).rowsCanBeWalkedWithTheSameStatementInside()
    }

    @Test(arguments: Kind.allCases)
    func aThrowTakesEverythingBack(kind: Kind) async throws {
        try await self.contract(kind).aThrowTakesEverythingBack()
    }

    @Test(arguments: Kind.allCases)
    func afterCommitRunsBeforeTheNextTransaction(kind: Kind) async throws {
        try await self.contract(kind).afterCommitRunsBeforeTheNextTransaction()
    }

    @Test(arguments: Kind.allCases)
    func cancellationDoesNotTearABegunTransaction(kind: Kind) async throws {
        try await self.contract(kind).cancellationDoesNotTearABegunTransaction()
    }

    @Test(arguments: Kind.allCases)
    func cancellationStopsATransactionThatHasNotBegun(kind: Kind) async throws {
        try await self.contract(kind).cancellationStopsATransactionThatHasNotBegun()
    }

    @Test(arguments: Kind.allCases)
    func readsCannotWrite(kind: Kind) async throws {
        try await self.contract(kind).readsCannotWrite()
    }

    @Test(arguments: Kind.allCases)
    func violationsNameTheRuleAndNoValue(kind: Kind) async throws {
        try await self.contract(kind).violationsNameTheRuleAndNoValue()
    }

    @Test(arguments: Kind.allCases)
    func closingWaitsAndThenRefuses(kind: Kind) async throws {
        try await self.contract(kind).closingWaitsAndThenRefuses()
    }

    @Test("A read sees its snapshot while a write commits")
    func snapshots() async throws {
        let database = try await SQLiteDatabase.open(.file(self.folder.file("claviger.db")))
        let begun = Signal()
        let proceed = DispatchSemaphore(value: 0)
        let counting: SQL = "SELECT count(*) AS n FROM meta"
        let read = Task {
            try await database.read { connection in
                let before = try connection.row(counting)?.value("n", as: Int.self)
                begun.send()
                proceed.wait()
                return (before, try connection.row(counting)?.value("n", as: Int.self))
            }
        }
        await begun.wait()
        try await database.write { try $0.execute("INSERT INTO meta (name, value) VALUES ('a', 'b')") }
        proceed.signal()
        #expect(try await read.value == (0, 0))
        #expect(try await database.read { try $0.row(counting)?.value("n", as: Int.self) } == 1)
        try await database.close()
    }
}
