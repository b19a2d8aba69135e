import ClavigerCore

extension AuthorityReading {
    /// The rules by which a key is rotated; the one place that says them.
    func rotationRules(for api: API, _ environment: EnvironmentName, _ key: APIKey) throws -> RotationRules {
        RotationRules()
    }
}
