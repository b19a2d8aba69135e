import ClavigerCore

// Structured values are stored in the JSON form that the API takes and gives; what cannot be read is damage.

extension Row {
    /// Reads a column that holds an object.
    func object<T>(_ column: String, _ read: (inout ObjectReader) -> T?) throws -> T {
        guard let object = try self.value(column, as: JSON.self).object else { throw Self.unreadable(column) }
        var reader = ObjectReader(object)
        guard let value = read(&reader), reader.violations.isEmpty else { throw Self.unreadable(column) }
        return value
    }

    /// Reads a column that holds an array of objects.
    func list<T>(_ column: String, _ read: (inout ObjectReader) -> T?) throws -> [T] {
        guard let elements = try self.value(column, as: JSON.self).array else { throw Self.unreadable(column) }
        return try elements.map { element in
            guard let object = element.object else { throw Self.unreadable(column) }
            var reader = ObjectReader(object)
            guard let value = read(&reader), reader.violations.isEmpty else { throw Self.unreadable(column) }
            return value
        }
    }

    /// Reads a column that holds rate limits.
    func limits(_ column: String) throws -> RateLimits {
        // Nearly every key has none.
        guard try self.value(column, as: String.self) != "[]" else { return .none }
        return try RateLimits(self.list(column) { RateLimit(reading: &$0) })
    }

    /// Reads a column that holds a credit policy, or nothing.
    func credits(_ column: String) throws -> CreditPolicy? {
        guard try self.value(column, as: String?.self) != nil else { return nil }
        return try self.object(column) { CreditPolicy(reading: &$0) }
    }

    /// Reads the columns of an allowance.
    ///
    /// - Parameter prefix: what stands before their names, where several tables are joined.
    func allowance(_ prefix: String = "") throws -> Allowance {
        Allowance(
            limits: try self.limits(prefix + "limits"),
            credits: try self.credits(prefix + "credits"),
            planID: try self.value(prefix + "plan_id"),
            creditGeneration: UInt32(clamping: try self.value(prefix + "credit_generation", as: Int.self)),
            creditsSince: try self.value(prefix + "credits_since")
        )
    }

    /// Reads a column that holds restrictions.
    func restrictions(_ column: String) throws -> Restrictions {
        guard try self.value(column, as: String.self) != "{}" else { return .none }
        return try self.object(column) { Restrictions(reading: &$0) }
    }
}
