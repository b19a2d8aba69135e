import ArgumentParser
import ClavigerClient
import ClavigerCore

/// The command `claviger usage …`.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "See how keys were used, and what was refused.",
        discussion: """
            Example:
              claviger usage series --api payments --resolution day --from 30d
              claviger usage log --code rate_limited --from 1h
            """,
        subcommands: [Series.self, Top.self, Refusals.self, UsageLogCommand.self, UsageExportCommand.self]
    )

    enum Resolution: String, CaseIterable, ExpressibleByArgument {
        case minute
        case hour
        case day
    }

    enum Dimension: String, CaseIterable, ExpressibleByArgument {
        case key
        case consumer
        case network
        case path
        case code

        /// The member of an answer that names one of them.
        var member: String {
            switch self {
            case .key: "keyId"
            case .consumer: "consumerId"
            case .network, .path, .code: self.rawValue
            }
        }
    }

    enum Split: String, CaseIterable, ExpressibleByArgument {
        case code
    }

    struct Series: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count uses per minute, hour or day.",
            discussion: """
                Example:
                  claviger usage series --api payments --resolution day --from 30d --by code

                Without --from it is the last day.
                """
        )

        @OptionGroup var owner: UsageOwnerOptions
        @OptionGroup var range: TimeRangeOptions
        @Option(help: "How long each step is.") var resolution = Resolution.hour
        @Option(help: "Count each of these by itself.") var by: Split?
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let filters =
                try await self.owner.filters(session) + self.range.filters + [
                    ("resolution", self.resolution.rawValue), ("by", self.by?.rawValue),
                ]
            let answer = try await session.client.send(.get, ["v1", "usage"], query: filters.given)
            let columns = self.by == nil ? ["start", "count", "cost"] : ["start", "code", "count", "cost"]
            session.show(items: answer.body, table: columns.map { $0.uppercased() }) { columns.map($0.member) }
        }
    }

    struct Top: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List who or what has the most uses.",
            discussion: "Example:\n  claviger usage top --by network --from 7d --limit 10"
        )

        @Option(help: "What to list.") var by = Dimension.key
        @OptionGroup var range: TimeRangeOptions
        @OptionGroup var size: TopOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let filters = self.range.filters + [("by", self.by.rawValue), ("limit", String(self.size.limit))]
            let answer = try await session.client.send(.get, ["v1", "usage", "top"], query: filters.given)
            session.show(items: answer.body, table: [self.by.rawValue.uppercased(), "COUNT", "COST"]) {
                [self.by.member, "count", "cost"].map($0.member)
            }
        }
    }

    struct Refusals: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count what was refused, by network and code; bad and unknown tokens too.",
            discussion: "Example:\n  claviger usage refusals --from 1h"
        )

        @OptionGroup var range: TimeRangeOptions
        @OptionGroup var size: TopOptions
        @OptionGroup(title: "Server") var server: ClientOptions
        @OptionGroup(title: "Output") var output: OutputOptions

        func run(_ session: Session) async throws {
            let filters = self.range.filters + [("limit", String(self.size.limit))]
            let answer = try await session.client.send(.get, ["v1", "usage", "refusals"], query: filters.given)
            session.show(items: answer.body, table: ["NETWORK", "CODE", "COUNT"]) {
                ["network", "code", "count"].map($0.member)
            }
        }
    }
}

/// Whose uses are meant.
struct UsageOwnerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only uses of this key.", valueName: "id")) var key: String?
    @Option(help: ArgumentHelp("Only uses of this consumer's keys.", valueName: "external id or id"))
    var consumer: String?
    @Option(help: ArgumentHelp("Only uses of this api's keys.", valueName: "name or id")) var api: String?

    /// The query, which takes ids only.
    func filters(_ session: Session) async throws -> [(String, String?)] {
        var consumerID: String?
        if let consumer { consumerID = try await session.consumerID(consumer) }
        var apiID = self.api
        if let api, (try? API.ID(parsing: api)) == nil {
            apiID = try await session.fetch(APICommand.self, api).body.text("id")
        }
        return [("keyId", self.key), ("consumerId", consumerID), ("apiId", apiID)]
    }
}

/// From when and until when.
struct TimeRangeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("From when: a time ago such as 24h, or RFC 3339.", valueName: "moment"))
    var from: MomentArgument?
    @Option(help: ArgumentHelp("Until when, in the same forms.", valueName: "moment"))
    var to: MomentArgument?

    func validate() throws {
        guard let from, let to, from.past() >= to.past() else { return }
        throw ValidationError("--from must be before --to; 2h is longer ago than 1h.")
    }

    var filters: [(String, String?)] { [("from", self.from?.past().text), ("to", self.to?.past().text)] }
}

/// How long a list of the largest is.
struct TopOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Show at most this many, 1 to 200.", valueName: "number")) var limit = 20

    func validate() throws {
        guard (1...200).contains(self.limit) else { throw ValidationError("--limit must be from 1 to 200.") }
    }
}

extension [(String, String?)] {
    /// The filters that are set.
    var given: [(String, String)] { self.compactMap { name, value in value.map { (name, $0) } } }
}
