import ClavigerCore

/// How an agent asks for the next token.
struct AgentRequest: Hashable {
    /// An older grace that ends so short before the deadline cannot be waited for: what was refused is tried again only
    /// every few minutes.
    private static let margin = Duration.seconds(600)

    /// How long the old token is to work.
    let grace: Duration
    /// Ends the grace of an even older token instead of waiting for it.
    let endsOlderGrace: Bool

    /// The body of a rotation.
    ///
    /// - Parameters:
    ///   - longestGrace: what the server allows; nil where it does not say.
    ///   - olderGraceEndsAt: when an even older token is over; nil where there is none.
    ///   - deadline: when the rules of the key want the token replaced at the latest.
    func body(longestGrace: Duration?, olderGraceEndsAt: Timestamp?, deadline: Timestamp?) -> JSON {
        let grace = min(self.grace, longestGrace ?? self.grace)
        var cannotWait = false
        if let olderGraceEndsAt, let deadline { cannotWait = olderGraceEndsAt + Self.margin > deadline }
        var body = JSONObject([("grace", .string(DurationText.text(for: grace)))])
        if self.endsOlderGrace || cannotWait { body["endGrace"] = true }
        return .object(body)
    }
}
