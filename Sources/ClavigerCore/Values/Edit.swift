/// What a merge patch (RFC 7396) does to one field.
public enum Edit<Value: Sendable>: Sendable {
    case keep
    case remove
    case set(Value)

    /// The field afterwards.
    public func applied(to value: Value?) -> Value? {
        switch self {
        case .keep: value
        case .remove: nil
        case .set(let new): new
        }
    }

    /// The field afterwards, where it cannot be removed.
    public func applied(to value: Value) -> Value {
        guard case .set(let new) = self else { return value }
        return new
    }
}
