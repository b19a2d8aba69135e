import ClavigerCore
import ClavigerVerifier

extension Change {
    /// The allowance of a key or a consumer after a patch, the plan looked up.
    func applying(
        _ patch: AllowancePatch,
        _ plan: Edit<Reference<Plan>>,
        to allowance: Allowance
    ) throws -> Allowance {
        var patch = patch
        switch plan {
        case .keep: break
        case .remove: patch.planID = .remove
        case .set(let reference):
            guard let plan = try self.tx.plan(reference, in: self.workspaceID) else {
                throw Problem.validation([Violation("/planId", "is not a plan of this workspace")])
            }
            patch.planID = .set(plan.id)
        }
        return patch.applied(to: allowance, at: self.now)
    }

    /// Tells the verifier what an owner's account is from now on; one that is the same keeps its balance.
    mutating func resetCredits(_ id: AccountID, _ allowance: Allowance) throws {
        let plan = try allowance.planID.flatMap { try self.tx.plan($0, in: self.workspaceID) }
        guard let (policy, since) = allowance.credits(with: plan) else { return }
        self.effects.accounts.append(
            AccountState(opening: id, policy, since: since, generation: allowance.creditGeneration)
        )
    }
}
