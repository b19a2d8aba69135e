import ClavigerCore

/// What became of the lines of an import, all parts together.
struct ImportTotal {
    private static let mostShown = 50

    private(set) var id: String?
    private(set) var lastLine = 0
    private(set) var refused = 0
    private(set) var imported = 0
    private var existing = 0
    private var skipped = 0
    private var consumers = 0
    private var refusals: [JSON] = []

    /// Adds the answer to one part.
    mutating func add(_ answer: JSON) {
        self.id = answer["id"]?.string
        self.lastLine = Int(answer["lastLine"]?.integer ?? 0)
        self.imported += Int(answer["imported"]?.integer ?? 0)
        self.existing += Int(answer["existing"]?.integer ?? 0)
        self.skipped += Int(answer["skipped"]?.integer ?? 0)
        self.refused += Int(answer["refused"]?.integer ?? 0)
        self.consumers += Int(answer["consumersCreated"]?.integer ?? 0)
        self.refusals += (answer["refusals"]?.array ?? []).prefix(max(0, 10_000 - self.refusals.count))
    }

    /// Whether there was nothing that an earlier run had not brought; asked before ``take(_:)``.
    var isAllSkipped: Bool { self.skipped > 0 && self.imported + self.existing + self.refused == 0 }

    /// What to tell a person then: the counts are those of the earlier run.
    static func allSkipped(_ name: String) -> String {
        """
        All of this was imported before, under the name \(name.printable); no line was looked at again.
        To have refused lines looked at again, give another --name. Lines whose keys are there are counted so.
        """
    }

    /// Takes over what the server says of the whole import.
    mutating func take(_ whole: JSON) {
        let id = self.id
        self = ImportTotal()
        self.add(whole)
        self.id = id
    }

    func json(isDryRun: Bool) -> JSON {
        [
            "id": self.id.map { .string($0) },
            "dryRun": .bool(isDryRun),
            "lastLine": .integer(Int64(self.lastLine)),
            "imported": .integer(Int64(self.imported)),
            "existing": .integer(Int64(self.existing)),
            "refused": .integer(Int64(self.refused)),
            "consumersCreated": .integer(Int64(self.consumers)),
            "refusals": .array(self.refusals),
        ]
    }

    func text(isDryRun: Bool) -> String {
        var lines = [
            isDryRun ? "A dry run: nothing was changed." : "The import \(self.id ?? "") is done.",
            "\(isDryRun ? "Would be imported" : "Imported"): \(self.imported)",
            "There already: \(self.existing)", "Consumers created: \(self.consumers)", "Refused: \(self.refused)",
        ]
        guard self.refused > 0 else { return lines.joined(separator: "\n") }
        var table = TextTable(columns: ["LINE", "REASON"])
        for refusal in self.refusals.prefix(Self.mostShown) {
            table.add([String(refusal["line"]?.integer ?? 0), refusal.text("reason")])
        }
        lines.append(table.text)
        if self.refused > Self.mostShown { lines.append("… and \(self.refused - Self.mostShown) more: --output json") }
        return lines.joined(separator: "\n")
    }
}

/// A bar on a terminal that grows with the file.
struct ImportProgress {
    private static let width = 30

    /// The size of the file; nil where it is not known.
    let bytes: Int?
    let isQuiet: Bool

    private var isShown: Bool { !self.isQuiet && Console.isErrorTerminal }

    func show(_ position: Int, _ total: ImportTotal) {
        guard self.isShown else { return }
        Console.progress("\(self.bar(position)) \(total.imported) imported, \(total.refused) refused")
    }

    func end() {
        if self.isShown { Console.progress("") }
    }

    /// The bar, and how much of the file it stands for.
    func bar(_ position: Int) -> String {
        guard let bytes, bytes > 0 else { return "\(position / 1024) KiB" }
        let share = min(1, Double(position) / Double(bytes))
        let full = Int(share * Double(Self.width))
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: Self.width - full)
        return "[\(bar)] \(Int(share * 100)) %"
    }
}
