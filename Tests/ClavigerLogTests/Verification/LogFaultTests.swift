import Testing

@testable import ClavigerLog

@Suite("The first thing that is wrong with a log")
struct LogFaultTests {
    private let kit: LogKit
    private let log: MemoryLog

    init() throws {
        self.kit = try LogKit()
        self.log = try self.kit.log(1000)
    }

    private func changed(_ change: (inout MemoryLog) throws -> Void) async throws -> LogFault {
        var log = self.log
        try change(&log)
        return try #require(await self.kit.fault(in: log))
    }

    private func expect(
        _ fault: LogFault,
        _ text: String,
        kind: LogFault.Kind,
        path: String?,
        entry: UInt64?,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(fault.description == text, sourceLocation: location)
        #expect(fault.kind == kind, sourceLocation: location)
        #expect(fault.resource?.path == path, sourceLocation: location)
        #expect(fault.entryIndex == entry, sourceLocation: location)
    }

    @Test("missing")
    func missing() async throws {
        for (path, entry) in [
            ("checkpoint", nil), ("tile/entries/000", 0), ("tile/0/002", 512), ("tile/0/003.p/232", 768),
            ("tile/entries/003.p/232", 768), ("tile/1/000.p/3", 0),
        ] as [(String, UInt64?)] {
            let fault = try await self.changed { $0[path] = nil }
            self.expect(fault, "\(path) is missing", kind: .missing, path: path, entry: entry)
        }
    }

    @Test("of the wrong length, or malformed")
    func malformed() async throws {
        var fault = try await self.changed { $0["tile/0/001"]?.removeLast() }
        var text = "tile/0/001 has 8191 bytes instead of 8192"
        self.expect(fault, text, kind: .wrongLength, path: "tile/0/001", entry: 256)
        fault = try await self.changed { $0["tile/1/000.p/3"]?.append(1) }
        text = "tile/1/000.p/3 has 97 bytes instead of 96"
        self.expect(fault, text, kind: .wrongLength, path: "tile/1/000.p/3", entry: 0)
        fault = try await self.changed { $0["tile/entries/001"]?.removeLast() }
        text = "tile/entries/001 is cut off at entry 511"
        self.expect(fault, text, kind: .malformed, path: "tile/entries/001", entry: 511)
        fault = try await self.changed { $0["tile/entries/003.p/232"]?.append(0) }
        text = "tile/entries/003.p/232 goes on after entry 999, which should be its last one"
        self.expect(fault, text, kind: .malformed, path: "tile/entries/003.p/232", entry: 999)
        fault = try await self.changed { $0["checkpoint"] = Array("checkpoint".utf8) }
        self.expect(
            fault,
            "The checkpoint is not a signed checkpoint",
            kind: .malformed,
            path: "checkpoint",
            entry: nil
        )
        fault = try await self.changed { log in
            let text = try #require(NoteText("example.com/log\nten\n"))
            log["checkpoint"] = try SignedNote(text, signatures: [self.kit.signer.sign(text)]).bytes
        }
        self.expect(
            fault,
            "The checkpoint is not a signed checkpoint",
            kind: .malformed,
            path: "checkpoint",
            entry: nil
        )
    }

    @Test("an entry or a hash differs")
    func differs() async throws {
        var fault = try await self.changed { log in
            var entries = (256..<512).map(MemoryLog.entry)
            entries[44] = Array("other".utf8)
            log["tile/entries/001"] = try EntryBundle(entries).bytes
        }
        let hashes = (LogHash.leaf("other".utf8), LogHash.leaf(MemoryLog.entry(300)))
        var text =
            "Entry 300 in tile/entries/001 is not the one whose hash is in tile/0/001 "
            + "(hash of the entry: \(hashes.0), in the tile: \(hashes.1))"
        self.expect(fault, text, kind: .differs, path: "tile/entries/001", entry: 300)
        fault = try await self.changed { try $0.flip("tile/1/000.p/3", byte: 40) }
        text = "Hash 1 in tile/1/000.p/3 is not the one of the entries 256 to 511, which it stands for"
        self.expect(fault, text, kind: .differs, path: "tile/1/000.p/3", entry: 256)
        // Entry and hash changed together: it shows one level higher.
        fault = try await self.changed { log in
            let entries = (256..<512).map { MemoryLog.entry($0 == 300 ? 301 : $0) }
            let bundle = try EntryBundle(entries)
            log["tile/entries/001"] = bundle.bytes
            log["tile/0/001"] = bundle.leafHashes.flatMap(\.bytes)
        }
        self.expect(fault, text, kind: .differs, path: "tile/1/000.p/3", entry: 256)
    }

    @Test("all fits but the root, the name or the signature")
    func checkpoint() async throws {
        var entries = (0..<1000).map(MemoryLog.entry)
        entries[5] = Array("other".utf8)
        let other = try self.kit.log(entries)
        var fault = try await self.changed { $0.resources[.checkpoint] = other.resources[.checkpoint] }
        let root = try #require(Checkpoint(parsing: self.log.note().text)).root
        var text =
            "The 1000 entries do not have the root that the checkpoint names (computed: \(root)): entries and tiles "
            + "were changed together, or the checkpoint is of another tree"
        self.expect(fault, text, kind: .rootDiffers, path: "checkpoint", entry: nil)
        fault = try await self.changed { log in
            let other = try MemoryLog([], origin: Make.line("example.com/other"), signers: [self.kit.signer])
            log.resources[.checkpoint] = other.resources[.checkpoint]
        }
        self.expect(
            fault,
            "The checkpoint is the one of another log",
            kind: .wrongOrigin,
            path: "checkpoint",
            entry: nil
        )
        fault = try await self.changed { try $0.flip("checkpoint", byte: 17) }
        text =
            "The checkpoint has a signature that names a trusted key and is not by it: the text or the signature was "
            + "changed"
        self.expect(fault, text, kind: .signature, path: "checkpoint", entry: nil)
        let stranger = try Make.signer("example.com/log", 9)
        let strange = try self.kit.log((0..<1000).map(MemoryLog.entry), signers: [stranger])
        fault = try #require(await self.kit.fault(in: strange))
        text = "The checkpoint is not signed by a trusted key"
        self.expect(fault, text, kind: .signature, path: "checkpoint", entry: nil)
        fault = .signature(.present, .tooFewWitnesses(count: 1, needed: 2))
        text = "The checkpoint is cosigned by 1 of the trusted witnesses, and 2 are needed"
        self.expect(fault, text, kind: .signature, path: "checkpoint", entry: nil)
    }

    @Test("of several, the one of the lowest entry")
    func lowest() async throws {
        let fault = try await self.changed { log in
            log["tile/entries/002"] = nil
            log["tile/0/003.p/232"] = []
            try log.flip("tile/entries/001", byte: 2800)
            try log.flip("tile/0/001", byte: 7000)
            try log.flip("tile/1/000.p/3", byte: 80)
        }
        #expect(fault.entryIndex == 256 + 7000 / 32)
        let earlier = try await self.changed { log in
            try log.flip("tile/0/001", byte: 7000)
            try log.flip("tile/1/000.p/3", byte: 0)
        }
        #expect(earlier.entryIndex == 0)
        #expect(earlier.resource?.path == "tile/1/000.p/3")
    }

    @Test("a full tile above the leaves, and the one above that")
    func high() async throws {
        let log = try self.kit.log(65_539)
        for (path, byte, entry) in [
            ("tile/1/000", 0, 0), ("tile/1/000", 8191, 65_280), ("tile/2/000.p/1", 5, 0),
            ("tile/0/256.p/3", 64, 65_538),
        ] as [(String, Int, UInt64)] {
            var changed = log
            try changed.flip(path, byte: byte)
            let fault = try #require(await self.kit.fault(in: changed))
            #expect(fault.kind == .differs)
            #expect(fault.entryIndex == entry)
            changed[path] = nil
            let missing = try #require(await self.kit.fault(in: changed))
            #expect(missing.description == "\(path) is missing")
        }
    }

    @Test("a size beyond all reason ends at the first thing that is missing")
    func huge() async throws {
        var log = self.log
        for size in [1001, 65_536, 1 << 56, UInt64.max] {
            try log.sign(#require(Checkpoint(origin: self.kit.origin, size: size, root: .leaf([]))), [self.kit.signer])
            #expect(await self.kit.fault(in: log)?.kind == .missing)
        }
    }
}
