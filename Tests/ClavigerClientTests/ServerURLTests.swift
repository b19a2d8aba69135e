import ClavigerClient
import Testing

@Suite struct ServerURLTests {
    @Test(arguments: [
        "http://127.0.0.1:8080", "http://127.9.9.9", "http://localhost", "http://LOCALHOST:1", "http://[::1]:8080",
    ])
    func loopback(text: String) throws {
        #expect(try ServerURL(parsing: text).isLoopback)
    }

    @Test(arguments: [
        "http://127.evil.example", "http://127.0.0.1.evil.example", "http://localhost.evil.example",
        "http://10.0.0.1", "http://[::2]", "http://example.com",
    ])
    func notLoopback(text: String) throws {
        #expect(try !ServerURL(parsing: text).isLoopback)
    }

    @Test func slashesAtTheEndAreDropped() throws {
        #expect(
            try ServerURL(parsing: "https://keys.example.com/claviger//").text == "https://keys.example.com/claviger"
        )
    }

    @Test(arguments: [
        "", "keys.example.com", "ftp://x", "http://", "https://user:pw@x", "https://x?y", "https://x#y",
        "http://x:99999", "http://x y", "http://x\n", "file:///etc/passwd",
    ])
    func refused(text: String) {
        #expect(throws: ClientError.self) { try ServerURL(parsing: text) }
    }
}
