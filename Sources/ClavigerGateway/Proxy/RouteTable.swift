import ClavigerCore

/// Finds where a request goes: a route for its host before one for any, and of those the one with the longest path.
///
/// Paths are compared segment by segment in the spelling that endpoint rules see, so that no other spelling of a path
/// leads to another route.
struct RouteTable<Target: Sendable>: Sendable {
    private struct Entry: Sendable {
        let path: RequestPath
        let target: Target
    }

    /// Longest paths first.
    private let named: [String: [Entry]]
    private let any: [Entry]

    init(_ routes: [(host: String?, path: RequestPath, target: Target)]) {
        let sorted = routes.sorted { $0.path.depth > $1.path.depth }
        self.any = sorted.filter { $0.host == nil }.map { Entry(path: $0.path, target: $0.target) }
        self.named = Dictionary(grouping: sorted.filter { $0.host != nil }) { $0.host?.lowercased() ?? "" }
            .mapValues { routes in routes.map { Entry(path: $0.path, target: $0.target) } }
    }

    /// The route of a request; nil if there is none.
    ///
    /// - Parameter authority: the host as the client asked for it, perhaps with a port.
    func target(authority: String, path: RequestPath) -> Target? {
        if !self.named.isEmpty, let entries = self.named[Self.name(of: authority)],
            let entry = entries.first(where: { path.isBelow($0.path) })
        {
            return entry.target
        }
        return self.any.first { path.isBelow($0.path) }?.target
    }

    /// The host without its port and without the dot of a fully qualified name, in lower case.
    static func name(of authority: String) -> String {
        var name = authority[...]
        if name.first == "[" {
            if let end = name.firstIndex(of: "]") { name = name[...end] }
        } else if let colon = name.firstIndex(of: ":") {
            name = name[..<colon]
        }
        if name.last == "." { name.removeLast() }
        return name.lowercased()
    }
}
