import ClavigerCore
import ClavigerService

// What keys and consumers have in common: limits, credits and a plan.

extension ObjectReader {
    /// The allowance of something new, and its plan by id or name.
    mutating func allowance() -> (allowance: Allowance, plan: Reference<Plan>?) {
        let limits = RateLimits.read("limits", from: &self) ?? .none
        let credits = self.nested("credits") { CreditPolicy(reading: &$0) }
        let plan = self.optional("planId", Reference<Plan>.init(parsing:))
        return (Allowance(limits: limits, credits: credits), plan)
    }

    /// What a merge patch does to an allowance; limits and credits are replaced whole.
    mutating func editAllowance() -> (patch: AllowancePatch, plan: Edit<Reference<Plan>>) {
        var patch = AllowancePatch()
        patch.limits = self.editLimits("limits")
        patch.credits = self.editWhole("credits") { CreditPolicy(reading: &$0) }
        return (patch, self.edit("planId", Reference<Plan>.init(parsing:)))
    }

    /// What a merge patch does to a list of limits.
    mutating func editLimits(_ name: String) -> Edit<RateLimits> {
        guard self.has(name) else { return .keep }
        if self.isNull(name) {
            _ = self.value(name)
            return .remove
        }
        return RateLimits.read(name, from: &self).map(Edit.set) ?? .keep
    }

    /// What a merge patch does to an object that is replaced whole, as its parts mean little without each other.
    mutating func editWhole<T>(_ name: String, _ read: (inout ObjectReader) -> T?) -> Edit<T> {
        guard self.has(name) else { return .keep }
        if self.isNull(name) {
            _ = self.value(name)
            return .remove
        }
        return self.nested(name, read).map(Edit.set) ?? .keep
    }
}
