public import ClavigerService
public import ClavigerStore

/// Recorded use in SQLite: `usage.db`, and a file for each day in `access-log`; or all of it in memory.
///
/// One file for each day makes the end of its life cheap: it is unlinked.
public actor SQLiteUsageDatabases: UsageDatabases {
    /// The name of the roll-ups' file in the data folder.
    public static let usageFileName = "usage.db"
    /// The name of the folder of days in the data folder.
    public static let folderName = "access-log"
    /// How many days may be open that nobody uses.
    static let idleDays = 8

    /// A day that is open, or being opened.
    private struct Slot {
        let opening: Task<SQLiteDatabase, any Error>
        var users = 0
        /// When it was last given back, in the order of that.
        var lastUse = 0
    }

    /// The roll-ups.
    public nonisolated let usage: any Database
    /// Nothing when the days are in memory.
    private nonisolated let folder: String?
    private var slots: [UTCDay: Slot] = [:]
    private var uses = 0
    /// Days that are being removed, and who waits for their last user.
    private var removals: [UTCDay: CheckedContinuation<Void, Never>?] = [:]

    private init(usage: any Database, folder: String?) {
        self.usage = usage
        self.folder = folder
    }

    /// Opens the roll-ups in a data folder, and makes what is missing.
    ///
    /// Hold the folder's ``DirectoryLock``.
    public static func open(folder: String) async throws -> SQLiteUsageDatabases {
        let folder = try FileSystem.absolute(folder)
        let days = folder + "/" + Self.folderName
        try await SQLiteDatabase.onThread { try FileSystem.makeFolder(days) }
        let usage = try await SQLiteDatabase.open(.file(folder + "/" + Self.usageFileName), schema: .usage)
        return SQLiteUsageDatabases(usage: usage, folder: days)
    }

    /// Makes databases that are gone with the process.
    public static func inMemory() async throws -> SQLiteUsageDatabases {
        SQLiteUsageDatabases(usage: try await SQLiteDatabase.open(.memory, schema: .usage), folder: nil)
    }

    /// The days that there are, the oldest first.
    public var days: [UTCDay] {
        get async throws {
            guard let folder else { return self.slots.keys.sorted() }
            return try await SQLiteDatabase.onThread { try FileSystem.names(in: folder) }.compactMap { name in
                name.hasSuffix(".db") ? UTCDay(parsing: String(name.dropLast(3))) : nil
            }.sorted()
        }
    }

    /// Where a day is kept, for messages.
    public nonisolated func location(of day: UTCDay) -> String {
        self.folder.map { "\($0)/\(day).db" } ?? "memory"
    }

    /// Lends the database of a day; see the port.
    public func withDay<T: Sendable>(
        _ day: UTCDay,
        creating: Bool,
        _ body: @Sendable (any Database) async throws -> T
    ) async throws -> T? {
        guard try await self.exists(day) || creating, self.removals[day] == nil else { return nil }
        var slot = self.slots[day] ?? Slot(opening: self.opening(day))
        slot.users += 1
        self.slots[day] = slot
        let result: Result<T, any Error>
        do {
            result = .success(try await body(try await slot.opening.value))
        } catch {
            result = .failure(error)
        }
        await self.giveBack(day, slot.opening)
        return try result.get()
    }

    /// Waits until nobody uses a day, and removes it.
    public func removeDay(_ day: UTCDay) async throws {
        guard self.removals[day] == nil else { return }
        self.removals[day] = .some(nil)
        defer { self.removals[day] = nil }
        if let slot = self.slots[day], slot.users > 0 {
            await withCheckedContinuation { self.removals[day] = $0 }
        }
        if let slot = self.slots.removeValue(forKey: day), let database = try? await slot.opening.value {
            try await database.close()
        }
        guard let folder else { return }
        let path = self.location(of: day)
        try await SQLiteDatabase.onThread {
            // The file itself goes last: its side files without it would look like damage.
            FileSystem.remove(path + "-wal", path + "-shm", path)
            guard try FileSystem.status(path) == nil else {
                throw StoreError.failed("Cannot remove \(path). Check who owns the folder and its mode.")
            }
            try FileSystem.sync(folder)
        }
    }

    /// Waits until all commits in the days are on the disk.
    public func syncDays() async throws {
        guard let folder else { return }
        for (day, slot) in self.slots {
            guard (try? await slot.opening.value) != nil else { continue }
            let log = self.location(of: day) + "-wal"
            // The log has every commit that was not copied into the file and synced there. A day that was closed has
            // no log any more. Only the log is opened here: closing a descriptor of the file itself would take
            // SQLite's locks on it away.
            try await SQLiteDatabase.onThread {
                guard try FileSystem.status(log) != nil else { return }
                try FileSystem.sync(log)
            }
        }
        try await SQLiteDatabase.onThread { try FileSystem.sync(folder) }
    }

    /// Waits for the work under way and closes.
    public func close() async throws {
        let slots = self.slots
        self.slots = [:]
        for slot in slots.values {
            try? await slot.opening.value.close()
        }
        try await self.usage.close()
    }

    private func exists(_ day: UTCDay) async throws -> Bool {
        if self.slots[day] != nil { return true }
        guard self.folder != nil else { return false }
        let path = self.location(of: day)
        return try await SQLiteDatabase.onThread { try FileSystem.status(path) != nil }
    }

    private func opening(_ day: UTCDay) -> Task<SQLiteDatabase, any Error> {
        let location: SQLiteDatabase.Location = self.folder == nil ? .memory : .file(self.location(of: day))
        return Task {
            do {
                return try await SQLiteDatabase.open(location, schema: .accessLogDay)
            } catch let error as StoreError {
                // There are many files of this kind, and the error does not say which; another database of Claviger's
                // in the place of a day looks like a newer one.
                guard case .newerSchema(let found, let supported) = error else { throw error }
                throw StoreError.foreign(
                    "\(self.location(of: day)) has schema version \(found), and days have \(supported) at most."
                )
            }
        }
    }

    private func giveBack(_ day: UTCDay, _ opening: Task<SQLiteDatabase, any Error>) async {
        guard var slot = self.slots[day], slot.opening == opening else { return }
        self.uses += 1
        slot.users -= 1
        slot.lastUse = self.uses
        self.slots[day] = slot
        if slot.users == 0, case .some(.some(let waiting)) = self.removals[day] {
            self.removals[day] = .some(nil)
            waiting.resume()
        }
        if slot.users == 0, case .failure = await opening.result {
            // The next one tries again.
            if self.slots[day]?.opening == opening, self.slots[day]?.users == 0 { self.slots[day] = nil }
        }
        await self.closeIdle()
    }

    private func closeIdle() async {
        guard self.folder != nil else { return }
        let idle = self.slots.filter { $0.value.users == 0 && self.removals[$0.key] == nil }
        guard idle.count > Self.idleDays, let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
            return
        }
        self.slots[oldest.key] = nil
        try? await oldest.value.opening.value.close()
    }
}
