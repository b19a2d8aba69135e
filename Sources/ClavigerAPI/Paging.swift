import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

/// Pages of a list, from a request's query to the answer's `nextCursor`.
struct Paging {
    static let usualLimit = 50
    static let highestLimit = 200

    let request: PageRequest
    private let binding: String
    private let authority: Authority

    /// Takes `limit` and `cursor` out of the query; the other parameters must have been taken.
    ///
    /// A cursor fits only the list, the filters and the workspace that it was given for.
    init(_ query: inout QueryReader, _ request: Request, _ context: CallerContext, _ authority: Authority) throws {
        let limit = query.optional("limit", Field.pageSize)
        let filters = (request.uri.query ?? "").split(separator: "&")
            .filter { !$0.hasPrefix("cursor=") && !$0.hasPrefix("limit=") }.sorted().joined(separator: "&")
        let binding = "\(context.caller.workspaceID.text) \(request.uri.path)?\(filters)"
        let after = query.optional("cursor") { text throws(FieldError) in
            guard let after = authority.openCursor(text, binding: binding) else {
                throw FieldError("must be a nextCursor of this list with the same filters")
            }
            return after
        }
        try query.finish()
        self.authority = authority
        self.binding = binding
        // One more than asked for tells whether another page follows.
        self.request = PageRequest(after: after, limit: (limit ?? Self.usualLimit) + 1)
    }

    /// The page as an answer.
    ///
    /// `position` is what the next page begins after.
    func answer<Element>(
        _ elements: [Element],
        position: (Element) -> String,
        _ render: (Element) -> JSON
    ) throws -> Response {
        let page = elements.prefix(self.request.limit - 1)
        let next = elements.count > page.count ? page.last.map(position) : nil
        return .json([
            "items": .array(page.map(render)), "nextCursor": try next.map { .string(try self.cursor($0)) },
        ])
    }

    /// The cursor of the page that begins after a position.
    func cursor(_ position: String) throws -> String {
        try self.authority.sealCursor(position, binding: self.binding)
    }
}

extension Field {
    /// How many elements a list is to have at most.
    static func pageSize(_ text: String) throws(FieldError) -> Int {
        guard let limit = Int(text), (1...Paging.highestLimit).contains(limit) else {
            throw FieldError("must be a whole number from 1 to \(Paging.highestLimit)")
        }
        return limit
    }
}
