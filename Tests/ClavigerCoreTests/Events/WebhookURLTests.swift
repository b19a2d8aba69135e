import ClavigerCore
import Testing

@Suite struct WebhookURLTests {
    @Test(arguments: [
        ("https://hooks.example.com", "https://hooks.example.com/", "hooks.example.com", 443),
        (
            "HTTPS://Hooks.Example.COM:8443/a/b?c=d&e", "https://hooks.example.com:8443/a/b?c=d&e", "hooks.example.com",
            8443
        ),
        ("http://localhost:9/x", "http://localhost:9/x", "localhost", 9),
        ("https://192.0.2.1/", "https://192.0.2.1/", "192.0.2.1", 443),
        ("https://[2001:DB8:0::1]:444?a", "https://[2001:db8::1]:444/?a", "2001:db8::1", 444),
        ("https://xn--bcher-kva.example/%20", "https://xn--bcher-kva.example/%20", "xn--bcher-kva.example", 443),
    ])
    func isRead(text: String, written: String, host: String, port: Int) throws {
        let url = try WebhookURL(parsing: text)
        #expect(url.text == written)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.isEncrypted == written.hasPrefix("https"))
        #expect(try WebhookURL(parsing: url.text) == url)
    }

    /// Everything that two readers may read differently.
    @Test(arguments: [
        "", "hooks.example.com", "ftp://example.com", "https:example.com", "https:/example.com", "https://",
        "https:///path", "https://user@example.com", "https://user:secret@example.com",
        "https://example.com@127.0.0.1/",
        "https://example.com#@127.0.0.1/", "https://example.com/#a", "https://exa mple.com", "https://example.com\\@a",
        "https://example.com\n/", "https://bücher.example", "https://exam%70le.com", "https://2130706433/",
        "https://0x7f000001/", "https://127.1/", "https://0177.0.0.1/", "https://127.0.0.1.", "https://example.com./",
        "https://1.2.3.4.5/", "https://example.com:0/", "https://example.com:65536/", "https://example.com:/",
        "https://example.com:80a/", "https://[::1", "https://[::1]a/", "https://[127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://-a.example/", "https://a..example/", "https://example.com/<script>", "https://a_b.example/",
    ])
    func isRefused(text: String) {
        #expect(throws: FieldError.self) { try WebhookURL(parsing: text) }
    }

    @Test func aLongOneIsRefused() {
        let long = "https://example.com/" + String(repeating: "a", count: 2048)
        #expect(throws: FieldError.self) { try WebhookURL(parsing: long) }
    }
}
