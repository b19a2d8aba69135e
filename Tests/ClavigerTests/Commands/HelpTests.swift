import ArgumentParser
import Testing

@testable import claviger

/// What somebody sees who asks for help, in every command.
@Suite struct HelpTests {
    private static func tree(
        _ command: any ParsableCommand.Type,
        _ path: String
    ) -> [(path: String, command: any ParsableCommand.Type)] {
        [(path, command)]
            + command.configuration.subcommands.flatMap { Self.tree($0, "\(path) \(MistypedCommand.name(of: $0))") }
    }

    private static let all = Self.tree(Claviger.self, "claviger")

    @Test func thereAreAllCommands() {
        #expect(Self.all.count > 70)
        #expect(Set(Self.all.map(\.path)).count == Self.all.count)
    }

    @Test func everyCommandHasAnAbstractAndAnExampleThatNamesIt() {
        for (path, command) in Self.all {
            let configuration = command.configuration
            #expect(configuration.abstract.hasSuffix("."), "\(path)")
            #expect(configuration.discussion.contains(path), "\(path) has no example")
            for line in configuration.discussion.split(separator: "\n") where line.hasPrefix("  ") {
                #expect(line.count <= 80, "the example of \(path) does not fit into a terminal: \(line)")
            }
        }
    }

    @Test func noCommandTakesATokenAsAFlag() {
        for (path, command) in Self.all {
            #expect(!command.helpMessage(columns: 1000).contains("--token "), "\(path)")
        }
    }

    @Test(arguments: [
        (["frob"], nil), (["kye", "list"], "claviger key"), (["key", "creat"], "claviger key create"),
        (["audit", "lst"], "claviger audit list"), (["limit", "overide"], "claviger limit override"),
        (["limit", "override", "sow"], "claviger limit override show"), (["usage", "exprot"], "claviger usage export"),
    ])
    func aMistypedCommandGetsASuggestion(arguments: [String], expected: String?) throws {
        let failure = try #require(MistypedCommand.failure(in: arguments))
        #expect(failure.status == .usage)
        if let expected { #expect(failure.message.contains("Did you mean `\(expected)`?")) }
    }

    @Test(arguments: [["key", "list", "frob"], ["--help"], ["key", "--frob"], [], ["help", "frob"]])
    func somethingElseIsLeftToTheParser(arguments: [String]) {
        #expect(MistypedCommand.failure(in: arguments) == nil)
    }
}
