import Foundation
import Testing

/// What came of the rows.
struct Table {
    private(set) var markdown = ""

    /// Runs rows one after the other, each against all proxies at once.
    mutating func run(_ section: Section, _ stand: Stand, _ keys: Keys) async {
        self.markdown += "\n### \(section.title)\n\n"
        self.line([""] + Proxy.allCases.map(\.title))
        self.line(Array(repeating: "---", count: Proxy.allCases.count + 1))
        for row in section.rows {
            let cells = await withTaskGroup(of: (Proxy, String).self) { group in
                for proxy in Proxy.allCases {
                    group.addTask {
                        do {
                            return (proxy, try await row.observe(stand, keys, proxy))
                        } catch {
                            return (proxy, "\(error)")
                        }
                    }
                }
                return await group.reduce(into: [Proxy: String]()) { $0[$1.0] = $1.1 }
            }
            for proxy in Proxy.allCases {
                let cell = cells[proxy] ?? ""
                #expect(cell == row.expected(proxy), "\(proxy.title), \(section.title): \(row.name)")
            }
            self.line([row.name] + Proxy.allCases.map { cells[$0] ?? "" })
        }
    }

    private mutating func line(_ cells: [String]) {
        self.markdown += "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ")
        self.markdown += " |\n"
    }

    /// Compares with what is kept, or keeps it.
    func compareWithDocumentation() throws {
        let path = "\(ShippedFile.root)/docs/gateways.md"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let begin = "<!-- begin: what the conformance tests saw -->\n"
        let end = "\n<!-- end: what the conformance tests saw -->"
        guard let from = text.range(of: begin), let to = text.range(of: end) else {
            throw Unexpected("docs/gateways.md has no place for the table")
        }
        if ProcessInfo.processInfo.environment["CLAVIGER_RECORD_GATEWAYS"] == "1" {
            let new = text[..<from.upperBound] + self.markdown + text[to.lowerBound...]
            try new.write(toFile: path, atomically: true, encoding: .utf8)
        } else {
            #expect(
                String(text[from.upperBound..<to.lowerBound]) == self.markdown,
                "docs/gateways.md has another table: run the test with CLAVIGER_RECORD_GATEWAYS=1"
            )
        }
    }
}
