import ClavigerCore
import Testing

@testable import ClavigerGateway

@Suite struct RouteTableTests {
    private func table(_ routes: [(String?, String)]) throws -> RouteTable<String> {
        RouteTable(try routes.map { ($0, try RequestPath(normalizing: $1), ($0 ?? "*") + $1) })
    }

    @Test(arguments: [
        ("a.example", "/v1/invoices", "*/v1"), ("a.example", "/v1", "*/v1"), ("a.example", "/v1/admin/x", "*/v1/admin"),
        ("a.example", "/v10", "*/"), ("a.example", "/", "*/"), ("a.example", "/V1", "*/"),
        ("b.example", "/v1/admin", "b.example/v1"), ("B.Example:8081", "/v1", "b.example/v1"),
        ("b.example.", "/v1", "b.example/v1"), ("b.example", "/other", "*/"), ("[::1]:80", "/x", "[::1]/"),
    ])
    func theHostIsMatchedFirstAndThenTheLongestPath(host: String, path: String, expected: String) throws {
        let table = try self.table([
            (nil, "/"), (nil, "/v1"), (nil, "/v1/admin"), ("b.example", "/v1"), ("[::1]", "/"),
        ])
        #expect(table.target(authority: host, path: try RequestPath(normalizing: path)) == expected)
    }

    @Test func anotherSpellingOfAPathLeadsToTheSameRoute() throws {
        let table = try self.table([(nil, "/"), (nil, "/jobs:all")])
        for path in ["/jobs:all/1", "/jobs%3Aall/1", "/%6Aobs:all"] {
            #expect(table.target(authority: "h", path: try RequestPath(normalizing: path)) == "*/jobs:all")
        }
    }

    @Test func whatNoRouteIsForHasNone() throws {
        let table = try self.table([("b.example", "/"), (nil, "/v1")])
        #expect(table.target(authority: "a.example", path: try RequestPath(normalizing: "/v2")) == nil)
    }
}
