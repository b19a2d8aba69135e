import ClavigerCore
import ClavigerService
import ClavigerVerifier
import Testing

/// What is kept of a report about a leaked token.
@Suite struct LeakedTokenTests {
    private static let token = "gX7pQ2vN.9aKc4LmRt8YwZb3EjHs6UdFo1iBxT5Vn"

    /// The cut must not leave a part of a token that is no longer recognised.
    @Test(arguments: [0, 90, 100, 120])
    func noPartOfAnImportedTokenIsKept(before: Int) {
        let leak = LeakedToken(
            PresentedToken(Self.token),
            foundBy: String(repeating: "x", count: before) + Self.token,
            at: String(repeating: "y", count: 1920 + before) + Self.token
        )
        #expect(leak.source.name == String(repeating: "x", count: before) + "…")
        #expect(leak.source.place == String(repeating: "y", count: 1920 + before) + "…")
    }
}
