import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird
import NIOCore

extension ManagementAPI {
    func registerImports(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/imports") { request, context in
            let upload = try ImportUpload(reading: request)
            let session = try await self.authority.beginImport(upload.settings, by: context.caller)
            var intake = try ImportIntake(upload, session)
            for try await piece in request.body {
                try intake.add(Array(piece.readableBytesView))
                while let batch = intake.batch(isLast: false) {
                    intake.add(try await self.take(batch, session, context.caller))
                }
            }
            try intake.finish()
            while let batch = intake.batch(isLast: true) {
                intake.add(try await self.take(batch, session, context.caller))
            }
            return .json(intake.answer)
        }
        registry.authenticated(.get, "/v1/imports/{id}") { _, context in
            let id = try Self.parameter(context, "import", KeyImport.ID.init(parsing:))
            let (found, refusals) = try await self.authority.keyImport(id, by: context.caller)
            var fields = found.publicFields.object ?? JSONObject()
            fields["refusals"] = .array(refusals.map(\.publicFields))
            return .json(.object(fields))
        }
    }

    private func take(
        _ batch: ImportIntake.Batch,
        _ session: ImportSession,
        _ caller: Caller
    ) async throws -> ImportReport {
        try await self.authority.take(batch.lines, upTo: batch.lastLine, in: session, by: caller)
    }
}

/// The lines of one upload on their way, some at a time: the memory does not grow with the file.
private struct ImportIntake {
    struct Batch {
        let lines: [ImportLine]
        let lastLine: Int
    }

    /// The most refused lines in one answer.
    private static let mostRefusals = 1000

    private let session: ImportSession
    private var splitter: LineSplitter
    private var reader: ImportLineReader
    private var lines: [ImportLine] = []
    private var lastLine: Int
    /// The last line that was given to be stored as done with.
    private var storedLine: Int
    private var skipped = 0
    private var report = ImportReport()

    init(_ upload: ImportUpload, _ session: ImportSession) throws(Problem) {
        // The names of the columns are a line too.
        let isCSV = upload.format == .csv
        let next = max(session.lastLine, isCSV ? 1 : 0) + 1
        guard session.settings.isDryRun || upload.firstLine <= next else {
            throw Problem(.stateConflict, "This import has come to line \(next - 1); continue it at line \(next).")
        }
        self.session = session
        self.splitter = LineSplitter(first: isCSV ? upload.firstLine - 1 : upload.firstLine)
        self.reader = ImportLineReader(upload)
        self.lastLine = session.lastLine
        self.storedLine = session.lastLine
    }

    mutating func add(_ bytes: [UInt8]) throws {
        var found: [LineSplitter.Line] = []
        self.splitter.take(bytes) { found.append($0) }
        for line in found { try self.add(line) }
    }

    mutating func finish() throws {
        if let line = self.splitter.finish() { try self.add(line) }
    }

    private mutating func add(_ line: LineSplitter.Line) throws {
        if line.number <= self.session.lastLine, !self.reader.needsColumns {
            self.skipped += 1
            return
        }
        self.lastLine = max(self.lastLine, line.number)
        if let read = try self.reader.read(line) { self.lines.append(read) }
    }

    /// The next lines for one transaction; nil while there are too few.
    mutating func batch(isLast: Bool) -> Batch? {
        let size = Authority.importBatch
        // Blank lines at the end are done with too, or whoever continues behind them would leave a gap.
        let isLeft = !self.lines.isEmpty || self.lastLine > self.storedLine && self.session.id != nil
        guard self.lines.count >= size || (isLast && isLeft) else { return nil }
        let taken = Array(self.lines.prefix(size))
        self.lines.removeFirst(taken.count)
        self.storedLine = self.lines.isEmpty ? self.lastLine : taken.last?.number ?? self.lastLine
        return Batch(lines: taken, lastLine: self.storedLine)
    }

    mutating func add(_ report: ImportReport) {
        self.report.counts += report.counts
        let room = max(0, Self.mostRefusals - self.report.refusals.count)
        self.report.refusals += report.refusals.prefix(room)
    }

    var answer: JSON {
        let counts = self.report.counts
        let leftOut = counts.refused - self.report.refusals.count
        return [
            "id": self.session.id.map { .string($0.text) },
            "dryRun": .bool(self.session.settings.isDryRun),
            "lastLine": .integer(Int64(self.lastLine)),
            "skipped": .integer(Int64(self.skipped)),
            "imported": .integer(Int64(counts.imported)),
            "existing": .integer(Int64(counts.existing)),
            "refused": .integer(Int64(counts.refused)),
            "consumersCreated": .integer(Int64(counts.consumers)),
            "refusals": .array(self.report.refusals.map(\.publicFields)),
            "refusalsLeftOut": leftOut > 0 ? .integer(Int64(leftOut)) : nil,
        ]
    }
}
