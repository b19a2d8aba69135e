import ClavigerCore
import ClavigerVerifier

extension ChangeBy {
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

    /// Tells the verifier of an account that begins anew.
    ///
    /// Only of one that does: an account that is not in memory would take what is told here for what is left, and the
    /// next look-up of the key brings everything else.
    mutating func resetCredits(_ id: AccountID, from former: Allowance, to allowance: Allowance) throws {
        guard allowance.creditGeneration != former.creditGeneration else { return }
        let plan = try allowance.planID.flatMap { try self.tx.plan($0, in: self.workspaceID) }
        guard let (policy, since) = allowance.credits(with: plan) else { return }
        self.effects.accounts.append(
            AccountState(opening: id, policy, since: since, generation: allowance.creditGeneration)
        )
    }
}
