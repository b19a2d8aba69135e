import Bench
import ClavigerCore
import ClavigerService
import ClavigerVerifier

/// What policies and replaced tokens cost verifications, and how long it takes to hold all keys to a policy.
struct PolicyBench: Sendable {
    private static let document: JSON = [
        "appliesTo": [:], "name": ["patterns": ["*"]], "scopes": ["most": 50, "wildcardDepth": 1],
        "lifetime": ["maximum": "3650d"], "rotation": ["every": "90d", "mode": "holder"],
        "inactivity": ["idle": ["suspend": "3000d"]],
    ]

    let workbench: Workbench
    let verification: VerificationBench

    /// Verifications before and after, in the same run.
    func run(rotating count: Int) async throws {
        try await self.workbench.maintenance.loadFilter()
        try await self.verification.fill()
        let before = try await self.verification.medians()
        let begin = Measuring.nanoseconds()
        _ = try await self.workbench.authority.setPolicy(
            try ResourceName(parsing: "bench"),
            try PolicyDocument(reading: Self.document),
            expecting: nil,
            isForced: false,
            by: self.workbench.owner
        )
        Measuring.report("policy.set_s", Double(Measuring.nanoseconds() - begin) / 1e9)
        try await self.rotate(count)
        try await self.verification.fill()
        let after = try await self.verification.medians()
        Measuring.report("policy.verify_before_ns", before)
        Measuring.report("policy.verify_after_ns", after)
        Measuring.report("policy.verify_ratio", Double(before * 1000 / max(after, 1)) / 1000)
        try await self.check()
    }

    private func rotate(_ count: Int) async throws {
        let begin = Measuring.nanoseconds()
        var (rotated, after) = (0, String?.none)
        repeat {
            let page = PageRequest(after: after, limit: 200)
            let keys = try await self.workbench.authority.keys(
                KeyFilter(),
                api: nil,
                page: page,
                by: self.workbench.owner
            )
            for key in keys where key.value.id != self.workbench.owner.keyID && rotated < count {
                _ = try await self.workbench.authority.rotate(key.value.id, RotationRequest(), by: self.workbench.owner)
                rotated += 1
            }
            after = keys.count == page.limit ? keys.last?.value.id.text : nil
        } while after != nil && rotated < count
        Measuring.report("policy.rotated", rotated)
        Measuring.report("policy.rotate_s", Double(Measuring.nanoseconds() - begin) / 1e9)
    }

    private func check() async throws {
        let begin = Measuring.nanoseconds()
        let (checked, inBreach) = try await self.workbench.authority.forEachBreach(
            BreachFilter(),
            by: self.workbench.owner
        ) { _ in }
        Measuring.report("policy.check_s", Double(Measuring.nanoseconds() - begin) / 1e9)
        Measuring.report("policy.checked", checked)
        Measuring.report("policy.in_breach", inBreach)
    }
}
