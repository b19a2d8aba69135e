public import ClavigerCore
import ClavigerVerifier

extension Authority {
    /// The most lines of one transaction.
    public static let importBatch = 5000
    /// The most refused lines that are kept of an import.
    public static let mostImportRefusals = 10_000

    /// Begins an import, or finds the one of the same name to continue it; a dry run begins nothing.
    public func beginImport(_ settings: ImportSettings, by caller: Caller) async throws -> ImportSession {
        let action = AuditAction(.keyImport, "begin")
        if settings.isDryRun {
            try await self.read(action, nil, by: caller) { tx, caller in
                _ = try tx.importPlace(settings, caller)
            }
            return ImportSession(settings: settings, id: nil, lastLine: 0)
        }
        let holder = self.keyring
        return try await self.change(action, nil, by: caller, once: nil) { change in
            let place = try change.tx.importPlace(settings, change.caller)
            let (api, environment) = (place.api, place.environment.name)
            let rule = settings.text(holder.keyring.makeForeignFinder())
            if let name = settings.name,
                let known = try change.tx.keyImport(named: name, of: api.id, environment, in: change.workspaceID)
            {
                guard known.rule == rule else {
                    throw Problem(
                        .stateConflict,
                        "An import of this name was begun with other settings. Use those, or another name."
                    )
                }
                change.nothingToDo()
                return ImportSession(settings: settings, id: known.id, lastLine: known.lastLine)
            }
            let id: KeyImport.ID = change.newID()
            let begun = KeyImport(
                id: id,
                workspaceID: change.workspaceID,
                apiID: api.id,
                environment: environment,
                name: try settings.name ?? Label(parsing: id.text),
                rule: rule,
                createdAt: change.now,
                createdBy: change.caller.keyID,
                updatedAt: change.now
            )
            try change.tx.insert(begun)
            try change.record(action, id.text, after: begun.publicFields)
            return ImportSession(settings: settings, id: id, lastLine: 0)
        }.value
    }

    /// Takes some lines, in one transaction: each becomes a key, or is refused for itself.
    ///
    /// - Parameters:
    ///   - lines: at most ``importBatch``, with growing numbers.
    ///   - lastLine: the last line of the part that they are from.
    public func take(
        _ lines: [ImportLine],
        upTo lastLine: Int,
        in session: ImportSession,
        by caller: Caller
    ) async throws -> ImportReport {
        let action = AuditAction(.keyImport, "take")
        let holder = self.keyring
        do {
            return try await self.change(action, session.id?.text, by: caller, once: nil) { change in
                // Read here, on the writing thread: a rotation of the pepper before this transaction must count.
                let keyring = holder.keyring
                let sealer = Sealer(keyring: keyring, random: change.random)
                var batch = try ImportBatch(session.settings, keyring, sealer, &change)
                let keys = try batch.read(lines, after: try change.watermark(of: session), &change)
                guard let id = session.id, var keyImport = try change.tx.keyImport(id, in: change.workspaceID) else {
                    throw DryRun(report: batch.report)
                }
                try batch.storeRules(&change)
                try change.tx.insert(keys, of: id)
                keyImport.counts += batch.report.counts
                keyImport.lastLine = max(keyImport.lastLine, lastLine)
                keyImport.updatedAt = change.now
                try change.tx.update(keyImport)
                try change.tx.insert(batch.report.refusals, of: id, most: Self.mostImportRefusals)
                try change.record(action, id.text, after: batch.record(keys, lines))
                change.effects.added = keys.map(\.credential.lookupID)
                return batch.report
            }.value
        } catch let dryRun as DryRun {
            return dryRun.report
        }
    }

    /// An import, and the lines of it that could not be taken.
    public func keyImport(_ id: KeyImport.ID, by caller: Caller) async throws -> (KeyImport, [ImportRefusal]) {
        try await self.read(AuditAction(.keyImport, "read"), id.text, by: caller) { tx, caller in
            guard let found = try tx.keyImport(id, in: caller.workspaceID),
                let api = try tx.api(found.apiID, in: caller.workspaceID)
            else { throw Problem.notFound("import") }
            try caller.require(.keys(.import, api.reference, found.environment))
            return (found, try tx.refusals(of: id))
        }
    }

    /// Makes the verifier find imported keys; to be called once, before anybody asks.
    public func loadForeignRules() async throws {
        let keyring = self.keyring.keyring
        let sealer = Sealer(keyring: keyring, random: self.random)
        let rules = try await self.store.read { try $0.activeRules(keyring, sealer) }
        var effects = Verifier.Effects()
        effects.foreignRules = rules
        self.verifier.apply(effects)
    }
}

/// Takes everything back that a dry run did.
private struct DryRun: Error {
    let report: ImportReport
}

extension ChangeBy<Caller> {
    /// The last line that is done with, as of this transaction: the same import may be sent twice at once.
    fileprivate func watermark(of session: ImportSession) throws -> Int {
        guard let id = session.id else { return 0 }
        return try self.tx.keyImport(id, in: self.workspaceID)?.lastLine ?? 0
    }
}

extension AuthorityReading {
    /// Where keys are imported to, if the caller may do that.
    func importPlace(
        _ settings: ImportSettings,
        _ caller: Caller
    ) throws -> (api: API, environment: API.Environment) {
        guard let api = try self.api(settings.api, in: caller.workspaceID) else {
            throw Problem.validation([Violation("?apiId", "is not an api of this workspace")])
        }
        guard let environment = api.environment(named: settings.environment) else {
            let names = api.attributes.environments.map(\.name.text).joined(separator: ", ")
            throw Problem.validation([
                Violation("?environment", "is not an environment of the api; it has \(names)")
            ])
        }
        try caller.require(.keys(.import, api.reference, environment.name))
        if settings.createsConsumers { try caller.require(.consumers(.create)) }
        guard !api.isManagement else {
            throw Problem.validation([Violation("?apiId", "must not be claviger: management keys are never imported")])
        }
        try self.refuseWithoutApproval(api, environment.name)
        return (api, environment)
    }

    /// All rules, with their keys opened.
    func activeRules(_ keyring: Keyring, _ sealer: Sealer) throws -> ForeignRules {
        let rules = try self.foreignRules().map { stored in
            ActiveForeignRule(
                stored.rule,
                hmacKey: try stored.sealedKey.map { try sealer.open($0, for: stored.sealingContext) }
            )
        }
        return ForeignRules(rules, keyring.makeForeignFinder())
    }
}

extension KeyImport {
    /// The fields of an import for answers and the audit log.
    public var publicFields: JSON {
        [
            "id": .string(self.id.text),
            "apiId": .string(self.apiID.text),
            "environment": .string(self.environment.text),
            "name": .string(self.name.text),
            "lastLine": .integer(Int64(self.lastLine)),
            "imported": .integer(Int64(self.counts.imported)),
            "existing": .integer(Int64(self.counts.existing)),
            "refused": .integer(Int64(self.counts.refused)),
            "consumersCreated": .integer(Int64(self.counts.consumers)),
            "createdAt": .string(self.createdAt.text),
            "createdBy": .string(self.createdBy.text),
            "updatedAt": .string(self.updatedAt.text),
        ]
    }
}

extension ImportRefusal {
    /// The fields of a refusal for answers.
    public var publicFields: JSON {
        ["line": .integer(Int64(self.line)), "reason": .string(self.reason)]
    }
}
