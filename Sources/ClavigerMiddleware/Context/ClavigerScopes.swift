import ClavigerCore

/// What a key has to be allowed to do: `invoices.read`, or `a AND (b OR c)`.
///
/// In the source of an app it is written as a text; the app ends at its start if that text is not a condition.
public struct ClavigerScopes: Sendable, Hashable, ExpressibleByStringLiteral {
    /// What is sent to the authority.
    public let text: String
    let query: ScopeQuery

    /// Why a text is not a condition on scopes.
    public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong with it; it begins with "must".
        public let description: String
    }

    /// Reads a condition that comes from elsewhere, such as a configuration file.
    public init(parsing text: String) throws(Malformed) {
        do throws(FieldError) {
            self.query = try ScopeQuery(parsing: text)
        } catch {
            throw Malformed(description: error.message)
        }
        self.text = text
    }

    /// Takes a condition that is written in the app.
    public init(stringLiteral text: String) {
        do throws(Malformed) {
            try self.init(parsing: text)
        } catch {
            preconditionFailure("\"\(text)\" is no condition on scopes: it \(error.description)")
        }
    }
}

extension ClavigerScopes: CustomStringConvertible {
    /// The condition.
    public var description: String { self.text }
}
