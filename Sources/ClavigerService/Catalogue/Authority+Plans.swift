public import ClavigerCore
import ClavigerVerifier

/// What somebody wants a new plan to be.
public struct PlanDraft: Sendable {
    /// The name.
    public var name: ResourceName
    /// Everything that can be changed later.
    public var attributes: Plan.Attributes

    /// Makes a draft.
    public init(name: ResourceName, attributes: Plan.Attributes) {
        self.name = name
        self.attributes = attributes
    }
}

/// What somebody wants changed of a plan.
public struct PlanPatch: Sendable {
    /// The word about it.
    public var description: Edit<String> = .keep
    /// The limits.
    public var limits: Edit<RateLimits> = .keep
    /// The credits; balances stay as they are.
    public var credits: Edit<CreditPolicy> = .keep

    /// Makes a patch that changes nothing.
    public init() {}
}

extension Authority {
    /// Makes a plan.
    public func createPlan(
        _ draft: PlanDraft,
        by caller: Caller,
        once: Once<Plan>? = nil
    ) async throws -> Outcome<Plan> {
        let action = AuditAction(.plan, "create")
        return try await self.change(action, nil, by: caller, once: once) { change in
            try change.caller.require(.plans(.create))
            if try change.tx.isTaken(planName: draft.name, in: change.workspaceID) {
                throw Problem.taken("/name", "is or was the name of another plan; names are never used twice")
            }
            let plan = Plan(
                id: change.newID(),
                workspaceID: change.workspaceID,
                name: draft.name,
                attributes: draft.attributes,
                state: .active,
                creditsSince: change.now,
                createdAt: change.now,
                updatedAt: change.now,
                version: 1
            )
            try change.tx.insert(plan)
            try change.record(action, plan.id.text, after: plan.publicFields)
            return plan
        }
    }

    /// One plan.
    public func plan(_ reference: Reference<Plan>, by caller: Caller) async throws -> Plan {
        try await self.read(AuditAction(.plan, "read"), reference.text, by: caller) { tx, caller in
            try caller.require(.plans(.read))
            return try tx.existingPlan(reference, in: caller.workspaceID)
        }
    }

    /// Plans by id.
    public func plans(page: PageRequest, by caller: Caller) async throws -> [Plan] {
        try await self.read(AuditAction(.plan, "list"), nil, by: caller) { tx, caller in
            try caller.require(.plans(.read))
            return try tx.plans(in: caller.workspaceID, page: page)
        }
    }

    /// Changes a plan, and with it what all its holders may use, from their next verification on.
    public func updatePlan(
        _ reference: Reference<Plan>,
        _ patch: PlanPatch,
        expecting version: Int?,
        by caller: Caller
    ) async throws -> Plan {
        try await self.changePlan(reference, "update", expecting: version, by: caller) { plan in
            plan.attributes.description = patch.description.applied(to: plan.attributes.description)
            plan.attributes.limits = patch.limits.applied(to: Optional(plan.attributes.limits)) ?? .none
            plan.attributes.credits = patch.credits.applied(to: plan.attributes.credits)
        }
    }

    /// Suspends a plan, and with it every key that has it; or lets them be used again.
    public func setPlanState(
        _ reference: Reference<Plan>,
        _ state: Plan.State,
        by caller: Caller
    ) async throws -> Plan {
        let verb =
            switch state {
            case .active: "resume"
            case .suspended: "suspend"
            }
        return try await self.changePlan(reference, verb, expecting: nil, by: caller) { $0.state = state }
    }

    private func changePlan(
        _ reference: Reference<Plan>,
        _ verb: String,
        expecting version: Int?,
        by caller: Caller,
        _ edit: @escaping @Sendable (inout Plan) -> Void
    ) async throws -> Plan {
        let action = AuditAction(.plan, verb)
        return try await self.change(action, reference.text, by: caller, once: nil) { change in
            try change.caller.require(.plans(.update))
            var plan = try change.tx.existingPlan(reference, in: change.workspaceID)
            try Problem.checkVersion(version, is: plan.version)
            let before = plan.publicFields
            var edited = plan
            edit(&edited)
            guard edited != plan else {
                change.nothingToDo()
                return plan
            }
            let hadCredits = plan.attributes.credits != nil
            edit(&plan)
            if !hadCredits, plan.attributes.credits != nil { plan.creditsSince = change.now }
            plan.updatedAt = change.now
            plan.version += 1
            try change.tx.update(plan)
            // A plan may be on every key there is: telling which costs more than reading them again.
            change.effects.changedEverything = true
            try change.record(action, plan.id.text, before: before, after: plan.publicFields)
            return plan
        }.value
    }

    /// Removes a plan that no key and no consumer has.
    public func deletePlan(_ reference: Reference<Plan>, expecting version: Int?, by caller: Caller) async throws {
        let action = AuditAction(.plan, "delete")
        _ = try await self.change(action, reference.text, by: caller, once: nil) { change in
            try change.caller.require(.plans(.delete))
            let plan = try change.tx.existingPlan(reference, in: change.workspaceID)
            try Problem.checkVersion(version, is: plan.version)
            guard try !change.tx.isInUse(plan.id, in: change.workspaceID) else {
                throw Problem(.stateConflict, "Keys or consumers still have the plan. Take it from them first.")
            }
            try change.tx.delete(plan.id, in: change.workspaceID, at: change.now)
            try change.record(action, plan.id.text, before: plan.publicFields)
        }
    }
}

extension AuthorityReading {
    func plan(_ reference: Reference<Plan>, in workspace: Workspace.ID) throws -> Plan? {
        switch reference {
        case .id(let id): try self.plan(id, in: workspace)
        case .name(let name): try self.plan(named: name, in: workspace)
        }
    }

    func existingPlan(_ reference: Reference<Plan>, in workspace: Workspace.ID) throws -> Plan {
        guard let plan = try self.plan(reference, in: workspace) else { throw Problem.notFound("plan") }
        return plan
    }
}
