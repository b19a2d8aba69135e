import ArgumentParser
@_spi(Plaintext) import ClavigerCore
import ClavigerTestSupport
import Foundation
import Testing

@testable import claviger

/// What an agent keeps and when it acts; that it can be killed is tested with a real process.
@Suite struct AgentTests {
    private static let now = Timestamp(milliseconds: 1_795_243_200_000)
    private static let day = Duration.seconds(86_400)

    @Test func aTokenIsReplacedByItsAgeOrBeforeItsDeadline() {
        let schedule = AgentSchedule(every: Self.day * 30, before: Self.day * 10)
        #expect(schedule.due(createdAt: Self.now, deadline: nil) == Self.now + Self.day * 30)
        #expect(schedule.due(createdAt: Self.now, deadline: Self.now + Self.day * 90) == Self.now + Self.day * 30)
        #expect(schedule.due(createdAt: Self.now, deadline: Self.now + Self.day * 25) == Self.now + Self.day * 15)
    }

    /// A time before the deadline that is longer than the token lives would have it replaced at every look.
    @Test func aTokenLivesForHalfOfItsTimeAtLeast() {
        let schedule = AgentSchedule(every: Self.day * 30, before: Self.day * 10)
        #expect(schedule.due(createdAt: Self.now, deadline: Self.now + Self.day * 4) == Self.now + Self.day * 2)
        #expect(schedule.due(createdAt: Self.now, deadline: Self.now + Self.day * 20) == Self.now + Self.day * 10)
        #expect(schedule.due(createdAt: Self.now, deadline: Self.now - Self.day) == Self.now - Self.day)
    }

    @Test(arguments: [(1, 1000), (10_000, 5000), (86_400_000, 1_800_000)] as [(Int64, Int64)])
    func aReplacementIsFollowedByARest(every: Int64, rest: Int64) {
        #expect(AgentSchedule(every: .milliseconds(every), before: .zero).rest == .milliseconds(rest))
    }

    @Test func nothingIsReplacedInALoop() {
        let time = ManualTime()
        let random = SeededRandom(seed: 1)
        var progress = AgentProgress(AgentSchedule(every: .seconds(20), before: .zero))
        #expect(progress.mayRotate(at: time.uptime()))
        var turn = Agent.Turn()
        turn.hasRotated = true
        // What comes next is looked up at once, but not done.
        #expect(progress.take(turn, hasFailed: false, time, random) == .seconds(1))
        time.advance(by: .seconds(1))
        #expect(!progress.mayRotate(at: time.uptime()))
        let due = Agent.Turn(dueAt: time.now() - Self.day)
        #expect(progress.take(due, hasFailed: false, time, random) == .seconds(9))
        time.advance(by: .seconds(9))
        #expect(progress.mayRotate(at: time.uptime()))
        #expect(progress.metrics.rotations == 1)
    }

    @Test func aCommandThatFailsIsTriedAgainSoonAndShown() {
        let time = ManualTime()
        let random = SeededRandom(seed: 1)
        var progress = AgentProgress(AgentSchedule(every: Self.day * 30, before: .zero))
        let turn = Agent.Turn(dueAt: time.now() + Self.day, commandFailure: .refused("no"))
        #expect(progress.take(turn, hasFailed: false, time, random) <= .seconds(2))
        #expect(progress.metrics.text.contains("\nclaviger_agent_exec_failures_total 1\n"))
        #expect(progress.metrics.text.contains("\nclaviger_agent_exec_done 0\n"))
        #expect(progress.metrics.text.contains("\nclaviger_agent_working 1\n"))
        #expect(progress.take(Agent.Turn(), hasFailed: false, time, random) == .seconds(1800))
        #expect(progress.metrics.text.contains("\nclaviger_agent_exec_done 1\n"))
    }

    @Test func pausesGrowToMinutesAndDiffer() {
        let random = SeededRandom(seed: 1)
        let pauses = (1...12).map { AgentSchedule.pause(afterFailures: $0, from: random) }
        for (index, pause) in pauses.enumerated() {
            let seconds = min(300, 1 << min(index, 9))
            #expect(pause >= .seconds(seconds) && pause <= .milliseconds(seconds * 1500))
        }
        #expect(Set(pauses.suffix(4)).count > 1)
    }

    @Test func theJournalIsReadAsItWasWritten() {
        let request = AgentJournal.Request(
            idempotencyKey: "agent-1",
            lookupID: "4ZqY8wK2mB7e",
            body: ["grace": "24h"]
        )
        for journal in [AgentJournal(request: request), AgentJournal(request: request, isUntold: true), .untold] {
            #expect(AgentJournal(journal.bytes) == journal)
        }
        // As agents have written it before.
        let old = #"{"idempotencyKey":"agent-1","lookupId":"4ZqY8wK2mB7e","request":{"grace":"24h"}}"#
        #expect(AgentJournal(Array(old.utf8)) == AgentJournal(request: request))
        #expect(AgentJournal(Array("{".utf8)) == nil)
        #expect(AgentJournal(Array("{}".utf8)) == nil)
    }

    @Test func theGraceIsWhatTheServerAllows() {
        let request = AgentRequest(grace: Self.day, endsOlderGrace: false)
        func grace(_ longest: Duration?) -> JSON? {
            request.body(longestGrace: longest, olderGraceEndsAt: nil, deadline: nil)["grace"]
        }
        #expect(grace(nil) == "1d")
        #expect(grace(Self.day * 30) == "1d")
        #expect(grace(.seconds(7200)) == "2h")
    }

    /// The token was replaced two hours ago, and now a new one is needed before the older one is over.
    @Test func anOlderGraceIsEndedWhereItCannotBeWaitedFor() {
        func endGrace(_ older: Duration?, _ deadline: Duration?, always: Bool = false) -> JSON? {
            AgentRequest(grace: Self.day, endsOlderGrace: always).body(
                longestGrace: nil,
                olderGraceEndsAt: older.map { Self.now + $0 },
                deadline: deadline.map { Self.now + $0 }
            )["endGrace"]
        }
        #expect(endGrace(.seconds(22 * 3600), .seconds(12 * 3600)) == true)
        #expect(endGrace(.seconds(12 * 3600 - 599), .seconds(12 * 3600)) == true)
        #expect(endGrace(.seconds(12 * 3600 - 600), .seconds(12 * 3600)) == nil)
        #expect(endGrace(.seconds(22 * 3600), nil) == nil)
        #expect(endGrace(nil, .seconds(3600)) == nil)
        #expect(endGrace(nil, nil, always: true) == true)
    }

    private func file(_ folder: TemporaryFolder, _ text: String, mode: Int = 0o600) throws -> String {
        let path = folder.path + "/token"
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data(text.utf8),
            attributes: [.posixPermissions: mode]
        )
        return path
    }

    private static func token(_ seed: UInt64 = 1) throws -> String {
        let token = KeyToken(
            prefix: try TokenPrefix(parsing: "pay"),
            tag: try TokenTag(parsing: "live"),
            from: SeededRandom(seed: seed)
        )
        return token.withPlaintext { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o666, 0o601])
    func aFileThatOthersCanReadIsRefused(mode: Int) throws {
        let folder = try TemporaryFolder()
        let path = try self.file(folder, try Self.token(), mode: mode)
        let file = try AgentTokenFile(path, random: SeededRandom(seed: 1))
        let failure = #expect(throws: CommandFailure.self) { try file.read() }
        #expect(failure?.status == .usage)
        #expect(failure?.message.contains("chmod 600") == true)
    }

    @Test(arguments: ["", "x", "pay_live_nonsense"])
    func whatIsNoTokenIsRefusedWithoutRepeatingIt(text: String) throws {
        let folder = try TemporaryFolder()
        let file = try AgentTokenFile(try self.file(folder, text), random: SeededRandom(seed: 1))
        let failure = #expect(throws: CommandFailure.self) { try file.read() }
        #expect(failure?.message.contains("nonsense") == false)
    }

    @Test func aLinkIsFollowedAndStays() throws {
        let folder = try TemporaryFolder()
        let path = try self.file(folder, try Self.token())
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        let file = try AgentTokenFile(link, random: SeededRandom(seed: 1))
        let next = try Self.token(2)
        try file.replace(next)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
        #expect(try file.read().text == next)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["link", "token"])
    }

    @Test func anAgentHasItsFileAloneAndTidiesUp() throws {
        let folder = try TemporaryFolder()
        let path = try self.file(folder, try Self.token())
        let draft = path + ".new-0011223344556677"
        #expect(FileManager.default.createFile(atPath: draft, contents: Data()))
        let file = try AgentTokenFile(path, random: SeededRandom(seed: 1))
        try file.lock()
        #expect(!FileManager.default.fileExists(atPath: draft))
        #expect(throws: CommandFailure.self) { try file.lock() }
    }

    @Test func theCommandIsCutAtSpacesUnlessAShellReadsIt() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/seen"
        try await AfterCommand("touch \(path)$(false)", usesShell: false).run(tokenFile: "/token")
        #expect(FileManager.default.fileExists(atPath: path + "$(false)"))
        try await AfterCommand("echo $CLAVIGER_TOKEN_FILE > \(path)", usesShell: true).run(tokenFile: "/token")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "/token\n")
        await #expect(throws: CommandFailure.self) {
            try await AfterCommand("false", usesShell: false).run(tokenFile: "")
        }
        #expect(throws: CommandFailure.self) { try AfterCommand(" ", usesShell: false) }
    }

    /// With everything that it has started; what it has left behind on purpose goes on.
    @Test func aCommandThatHangsIsEnded() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/id"
        let text = "trap '' TERM; sleep 600 & echo $! > \(path); wait; sleep 600"
        let hanging = try AfterCommand("sleep 600 & echo $! > \(path); wait", usesShell: true, limit: .seconds(1))
        let failure = await #expect(throws: CommandFailure.self) { try await hanging.run(tokenFile: "") }
        #expect(failure?.message.contains("was ended after 1s") == true)
        try await Self.expectEnd(ofProcessIn: path)
        let deaf = try AfterCommand(text, usesShell: true, limit: .seconds(1))
        await #expect(throws: CommandFailure.self) { try await deaf.run(tokenFile: "") }
        try await Self.expectEnd(ofProcessIn: path)
        // A program that the command starts is not waited for.
        let starting = try AfterCommand("sleep 600 & echo $! > \(path)", usesShell: true)
        try await starting.run(tokenFile: "")
        let id = try #require(try Self.processID(path))
        #expect(kill(id, 0) == 0)
        kill(id, SIGKILL)
    }

    private static func processID(_ path: String) throws -> pid_t? {
        pid_t(try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines))
    }

    /// Nobody may have collected it yet, but it does not run any more.
    private static func expectEnd(ofProcessIn path: String) async throws {
        let id = try #require(try Self.processID(path))
        for _ in 0..<200 {
            let state = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)
            if state?.split(separator: " ").dropFirst(2).first ?? "Z" == "Z" { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("process \(id) still runs")
    }

    @Test func metricsCanBeReadByOthersAndReplaceALink() throws {
        let folder = try TemporaryFolder()
        let target = folder.path + "/target"
        #expect(FileManager.default.createFile(atPath: target, contents: Data("kept".utf8)))
        let path = folder.path + "/agent.prom"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        // Where a draft of the old way would have been, somebody else's link would have been written through.
        try FileManager.default.createSymbolicLink(atPath: path + ".new", withDestinationPath: target)
        let command = try AgentCommand.parse(["--token-file", "token", "--metrics-file", path])
        try command.write(AgentMetrics())
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "kept")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == AgentMetrics().text)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o644)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "agent.prom", "agent.prom.new", "target",
            ]
        )
    }

    @Test func metricsAreInTheTextFormat() {
        var metrics = AgentMetrics()
        metrics.rotations = 2
        metrics.dueAt = Self.now
        #expect(metrics.text.contains("\nclaviger_agent_rotations_total 2\n"))
        #expect(metrics.text.contains("\nclaviger_agent_token_due_timestamp_seconds 1795243200\n"))
        #expect(!metrics.text.contains("created"))
    }

    @Test(arguments: [
        ["--every", "soon"], ["--grace", "x"], ["--exec-shell"], ["--exec-timeout", "x"], ["--grace", "9m"], [],
    ])
    func wrongFlagsAreRefused(arguments: [String]) {
        let file = arguments.isEmpty ? [] : ["--token-file", "token"]
        #expect(throws: (any Error).self) { try AgentCommand.parse(file + arguments) }
    }
}
