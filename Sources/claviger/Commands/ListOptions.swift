import ArgumentParser
import ClavigerClient
import ClavigerCore

/// How much of a list is shown.
struct ListOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Show at most this many.", valueName: "number"))
    var limit = 50

    @Flag(help: "Show everything, however long it takes.")
    var all = false

    func validate() throws {
        guard self.limit > 0 else { throw ValidationError("--limit must be at least 1.") }
    }
}

extension Session {
    private static let pageSize = 200

    /// Fetches and shows a list, following its pages.
    func list(
        _ path: [String],
        _ filters: [(String, String?)] = [],
        _ options: ListOptions,
        table columns: [String],
        row: (JSON) -> [String]
    ) async throws {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let wanted = options.all ? Self.pageSize : min(Self.pageSize, options.limit - items.count)
            var query = filters.given
            query.append(("limit", String(wanted)))
            if let cursor { query.append(("cursor", cursor)) }
            let page = try await self.client.send(.get, path, query: query).body
            items.append(contentsOf: page["items"]?.array ?? [])
            cursor = page["nextCursor"]?.string
        } while cursor != nil && (options.all || items.count < options.limit)

        let document: JSON = ["items": .array(items), "nextCursor": cursor.map { .string($0) }]
        self.show(items: document, table: columns, row: row)
        if cursor != nil, !self.isJSON { self.note("There are more; --all shows them.") }
    }

    /// Shows the items of an answer.
    func show(items document: JSON, table columns: [String], row: (JSON) -> [String]) {
        self.show(document) { document in
            let items = document["items"]?.array ?? []
            return items.isEmpty ? "There are none." : TextTable(columns: columns, rows: items.map(row)).text
        }
    }
}
