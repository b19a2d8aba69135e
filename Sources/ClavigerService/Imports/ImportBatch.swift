import ClavigerCore
import ClavigerVerifier

/// Some lines of an import on their way into the store.
struct ImportBatch {
    private let settings: ImportSettings
    private let api: API
    private let environment: EnvironmentName
    /// What the policies ask of the keys there.
    private let policies: PlaceRules
    private let hasher: TokenHasher
    private let finder: ForeignFinder
    private let keyring: Keyring
    private let sealer: Sealer
    /// The rules of the workspace, by their text.
    private var rules: [String: ActiveForeignRule] = [:]
    /// How many rules there are in all workspaces.
    private var ruleCount: Int
    private var newRules: [ForeignRule] = []
    /// The texts of the rules that find keys which were made.
    private var usedRules: Set<String> = []
    /// The consumers of the lines, as far as there are any.
    private var consumers: [Label: Consumer] = [:]
    private(set) var report = ImportReport()

    init(
        _ settings: ImportSettings,
        _ keyring: Keyring,
        _ sealer: Sealer,
        _ change: inout Change
    ) throws {
        self.settings = settings
        let place = try change.tx.importPlace(settings, change.caller)
        (self.api, self.environment) = (place.api, place.environment.name)
        self.policies = PlaceRules(
            try change.tx.policies(in: change.workspaceID),
            api: place.api,
            environment: place.environment
        )
        self.hasher = keyring.makeHasher()
        self.finder = keyring.makeForeignFinder()
        self.keyring = keyring
        self.sealer = sealer
        let stored = try change.tx.foreignRules()
        self.ruleCount = stored.count
        for known in stored where known.workspaceID == change.workspaceID {
            self.rules[known.rule.text] = ActiveForeignRule(known.rule, hmacKey: settings.hmacKey?.bytes)
        }
    }

    /// Checks lines and makes keys of them; lines up to `watermark` are done with already.
    mutating func read(_ lines: [ImportLine], after watermark: Int, _ change: inout Change) throws -> [NewImportedKey] {
        var found: [(line: Int, key: ImportedKey, lookupID: LookupID, rule: String)] = []
        for line in lines where line.number > watermark {
            do throws(FieldError) {
                let key = try line.content.get()
                let (lookupID, rule) = try self.lookupID(of: key.secret)
                found.append((line.number, key, lookupID, rule))
            } catch {
                self.refuse(line.number, error.message)
            }
        }
        var known = try change.tx.known(among: found.map(\.lookupID))
        // At once: asked for one by one, they took a fifth of the time.
        let owners = Set(found.map(\.key.owner))
        for owner in try change.tx.consumers(externalIDs: Array(owners), in: change.workspaceID) {
            self.consumers[owner.attributes.externalID] = owner
        }
        var keys: [NewImportedKey] = []
        for (line, key, lookupID, rule) in found {
            if let credential = known[lookupID] {
                if let reason = self.difference(of: key.secret, from: credential) {
                    self.refuse(line, reason)
                } else {
                    self.report.counts.existing += 1
                }
                continue
            }
            guard let new = try self.make(key, lookupID, line, &change) else { continue }
            known[lookupID] = KnownCredential(
                apiID: self.api.id,
                environment: self.environment,
                digest: new.credential.digest,
                scheme: new.scheme?.text
            )
            self.usedRules.insert(rule)
            keys.append(new)
        }
        self.report.counts.imported = keys.count
        self.report.refusals.sort { $0.line < $1.line }
        return keys
    }

    private mutating func refuse(_ line: Int, _ reason: String) {
        self.report.counts.refused += 1
        self.report.refusals.append(ImportRefusal(line: line, reason: reason))
    }

    /// Why a credential with the lookup id of a line is not the line's; nil if it is.
    ///
    /// A part of a token can be the same in two tokens, which would leave the second one out silently. A lookup id that
    /// is made of all of a token is only that token's; but a key that is elsewhere, or was destroyed, is not there.
    private func difference(of secret: ImportedSecret, from known: KnownCredential) -> String? {
        let what = self.settings.pattern == nil ? "token" : "id"
        guard known.apiID == self.api.id, known.environment == self.environment else {
            return "another key has this \(what), in another api or environment"
        }
        guard let digest = known.digest else { return "a key with this \(what) was destroyed" }
        guard self.settings.pattern != nil, case .hash(let hash, _) = secret else { return nil }
        guard let scheme = known.scheme else {
            return "a key with this id is there and has been used, so that its hash cannot be compared any more"
        }
        // The scheme has the salt in it.
        guard scheme == hash.scheme.text, self.hasher.matches(hash.scheme, hash.result, digest) else {
            return "another key has this id"
        }
        return nil
    }

    /// The lookup id of a token, and the rule that makes it.
    private mutating func lookupID(of secret: ImportedSecret) throws(FieldError) -> (LookupID, String) {
        let rule = try self.rule(self.settings.rule(for: secret, self.finder))
        let id: LookupID? =
            switch secret {
            case .token(let token): rule.lookupID(of: token, self.finder)
            case .hash(let hash, let id): rule.lookupID(of: hash, id: id, self.finder)
            }
        guard let id else { throw FieldError("id is required, as the rule finds keys by it") }
        return (id, rule.rule.text)
    }

    private mutating func rule(_ wanted: ForeignRule) throws(FieldError) -> ActiveForeignRule {
        if let known = self.rules[wanted.text] { return known }
        guard self.ruleCount + self.newRules.count < ForeignRules.most else {
            throw FieldError("needs a new rule for finding keys, and there are \(ForeignRules.most) already")
        }
        let rule = ActiveForeignRule(wanted, hmacKey: wanted.keyName == nil ? nil : self.settings.hmacKey?.bytes)
        self.rules[wanted.text] = rule
        self.newRules.append(wanted)
        return rule
    }

    private mutating func make(
        _ line: ImportedKey,
        _ lookupID: LookupID,
        _ number: Int,
        _ change: inout Change
    ) throws -> NewImportedKey? {
        var check = GrantCheck(api: self.api, kind: .secret, pointer: "")
        var attributes = line.attributes
        attributes.allowance.creditsSince = change.now
        if let plan = line.plan {
            attributes.allowance.planID = try change.tx.plan(plan, in: change.workspaceID)?.id
            if attributes.allowance.planID == nil { check.refuse("planId", "is not a plan of this workspace") }
        }
        self.policies.fill(&attributes, at: change.now)
        try check.check(&attributes, change)
        if let expiresAt = attributes.expiresAt, expiresAt <= change.now {
            check.refuse("expiresAt", "must be in the future")
        }
        var owner = self.consumers[line.owner]
        if owner == nil, !self.settings.createsConsumers {
            check.refuse("consumerExternalId", "is not a consumer of this workspace; createConsumers makes them")
        }
        let roleScopes = try change.tx.roleScopes(of: attributes.roles, in: change.workspaceID)
        let subject = PolicySubject(
            attributes,
            owner: owner?.attributes.kind ?? line.ownerKind,
            roleScopes: roleScopes,
            createdAt: change.now
        )
        check.refuse(self.policies.violations(of: subject))
        guard check.violations.isEmpty else {
            self.refuse(number, check.violations.map(\.sentence).joined(separator: "; "))
            return nil
        }
        if owner == nil { owner = try self.makeConsumer(line, change) }
        guard let owner else { return nil }
        let key = APIKey(
            id: change.newID(),
            workspaceID: change.workspaceID,
            apiID: self.api.id,
            environment: self.environment,
            consumerID: owner.id,
            start: line.start,
            attributes: attributes,
            state: .active(since: nil),
            createdAt: change.now,
            createdBy: change.caller.keyID,
            updatedAt: change.now,
            version: 1,
            longestLife: self.policies.longestLife(of: ScopeSet(attributes.scopes + roleScopes))
        )
        let (digest, scheme): (KeyDigest, ForeignScheme?) =
            switch line.secret {
            case .token(let token): (self.hasher.digest(of: token), nil)
            case .hash(let hash, _): (self.hasher.digest(of: hash.scheme, hash.result), hash.scheme)
            }
        let credential = Credential(
            id: change.newID(),
            keyID: key.id,
            lookupID: lookupID,
            digest: digest,
            state: .current,
            createdAt: change.now
        )
        return NewImportedKey(key: key, credential: credential, scheme: scheme)
    }

    private mutating func makeConsumer(_ line: ImportedKey, _ change: Change) throws -> Consumer {
        let consumer = Consumer(
            id: change.newID(),
            workspaceID: change.workspaceID,
            attributes: Consumer.Attributes(externalID: line.owner, kind: line.ownerKind),
            createdAt: change.now,
            updatedAt: change.now,
            version: 1
        )
        try change.tx.insert(consumer)
        self.report.counts.consumers += 1
        self.consumers[line.owner] = consumer
        return consumer
    }

    /// Stores the rules that the lines brought, and makes the verifier use them from the commit on.
    func storeRules(_ change: inout Change) throws {
        let rules = self.newRules.filter { self.usedRules.contains($0.text) }
        guard !rules.isEmpty else { return }
        for rule in rules {
            var stored = StoredForeignRule(
                id: change.newID(),
                workspaceID: change.workspaceID,
                rule: rule,
                sealedKey: nil,
                createdAt: change.now
            )
            if rule.keyName != nil, let key = self.settings.hmacKey {
                stored.sealedKey = try self.sealer.seal(key.bytes, for: stored.sealingContext)
            }
            try change.tx.insert(stored)
        }
        change.effects.foreignRules = try change.tx.activeRules(self.keyring, self.sealer)
    }

    /// What goes into the audit log: one record for all, which names the keys by the first and the last.
    func record(_ keys: [NewImportedKey], _ lines: [ImportLine]) -> JSON {
        let ids = keys.map(\.key.id)
        return [
            "apiId": .string(self.api.id.text),
            "environment": .string(self.environment.text),
            "firstLine": lines.first.map { .integer(Int64($0.number)) },
            "lastLine": lines.last.map { .integer(Int64($0.number)) },
            "imported": .integer(Int64(self.report.counts.imported)),
            "existing": .integer(Int64(self.report.counts.existing)),
            "refused": .integer(Int64(self.report.counts.refused)),
            "consumersCreated": .integer(Int64(self.report.counts.consumers)),
            "firstKeyId": ids.min().map { .string($0.text) },
            "lastKeyId": ids.max().map { .string($0.text) },
        ]
    }
}

extension Violation {
    /// The violation as words: `expiresAt must be in the future`.
    fileprivate var sentence: String {
        "\(self.pointer.drop { $0 == "/" }) \(self.message)"
    }
}
