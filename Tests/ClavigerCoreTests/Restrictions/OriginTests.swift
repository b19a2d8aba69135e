import Testing

@testable import ClavigerCore

@Suite("Origins")
struct OriginTests {
    @Test(
        "origins are normalised",
        arguments: [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.COM", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"), ("http://a.example:80", "http://a.example"),
            ("http://a.example:443", "http://a.example:443"), ("https://a.example:80", "https://a.example:80"),
            ("http://localhost:3000", "http://localhost:3000"), ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:3000", "http://[::1]:3000"), ("https://[2001:DB8:0:0::7]", "https://[2001:db8::7]"),
            ("http://[::ffff:192.0.2.1]", "http://192.0.2.1"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://0xyz.example", "https://0xyz.example"), ("https://1.example", "https://1.example"),
            (
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
            ),
            (
                "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc",
                "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc"
            ),
            ("capacitor://localhost", "capacitor://localhost"),
            ("https://a--b.example:65535", "https://a--b.example:65535"),
        ]
    )
    func normal(text: String, normal: String) throws {
        let origin = try #require(Origin(parsing: text))
        #expect(origin.description == normal)
        #expect(Origin(parsing: normal) == origin)
    }

    /// Texts that some readers take for `https://app.example.com` or something below `example.com`, and others do not.
    static let hostile: [String] = [
        "", "null", "*", "https", "https:", "https:/", "https://", "://app.example.com", "//app.example.com",
        "app.example.com", "https:app.example.com", "https:/app.example.com", "https:///app.example.com",
        "https:\\\\app.example.com", "https://app.example.com/", "https://app.example.com?", "https://app.example.com#",
        "https://app.example.com/path", "https://evil.com#app.example.com", "https://evil.com?app.example.com",
        "https://evil.com/app.example.com", "https://evil.com\\app.example.com", "https://evil.com\\.example.com",
        "https://app.example.com@evil.com", "https://evil.com@app.example.com", "https://user:pw@app.example.com",
        "https://@app.example.com", "https://app.example.com\\@evil.com", "https://app.example.com.",
        "https://.example.com",
        "https://app..example.com", "https://app.example.com..", "https://-app.example.com", "https://app-.example.com",
        "https://app.example.com:", "https://app.example.com:0443", "https://app.example.com:00443",
        "https://app.example.com:0", "https://app.example.com:65536", "https://app.example.com:65979",
        "https://app.example.com:+443", "https://app.example.com:443:443", "https://app.example.com:443 ",
        "https://app.example.com:\u{FF14}\u{FF14}\u{FF13}", "https://app.example.com:443@evil.com",
        "https://app.example.com:evil.com",
        " https://app.example.com", "https://app.example.com ", "https://app.example.com\t",
        "https://app\t.example.com",
        "https://app.example.com\n", "https://app.example.com\r\n", "https://app.example.com\0",
        "https://evil.com\0.example.com",
        "ht\ttps://app.example.com", "https ://app.example.com", "\u{FEFF}https://app.example.com",
        "https://app%2Eexample.com", "https://app.example%2ecom", "https://%61pp.example.com",
        "https://evil.com%00.example.com",
        "https://evil.com%23.example.com", "https://evil.com%2f.example.com", "https://evil_.example.com",
        "https://\u{430}pp.example.com", "https://app\u{3002}example.com", "https://app\u{FF0E}example.com",
        "https://\u{FF41}pp.example.com",
        "https://app.example.com\u{301}", "https://app.exa\u{AD}mple.com", "https://app.exam\u{200B}ple.com",
        "https://\u{17F}.example.com", "https://\u{212A}.example.com", "https://evil.com,app.example.com",
        "https://app.example.com https://evil.com", "https://app.example.com,https://app.example.com",
        "https://*.example.com", "https://*.app.example.com", "https://*", "*://app.example.com",
        "https://a*.example.com",
        "https://[::1", "https://::1", "https://::1]", "https://[]", "https://[::1]x", "https://[::1].example.com",
        "https://[app.example.com]", "https://[127.0.0.1]", "https://[::1%25eth0]", "https://[::1]:",
        "https://[::1]443",
        "https://[[::1]]", "https://[fe80::1%eth0]", "http://127.1", "http://0x7f.0.0.1", "http://0x7f000001",
        "http://2130706433", "http://127.0.0.01", "http://127.0.0.1.", "http://256.0.0.1", "http://1.2.3.4.5",
        "http://a.0x", "http://evil.123", "file://", "file://localhost", "data://app.example.com",
        "blob://app.example.com",
        "javascript://app.example.com", "1https://app.example.com", "-://app.example.com", "ht_tps://app.example.com",
        "https://" + String(repeating: "a", count: 64) + ".example.com",
        "https://" + String(repeating: "a.", count: 125) + "example.com",
        "https://" + String(repeating: "a", count: 600),
    ]

    @Test("everything else is no origin", arguments: Self.hostile)
    func noOrigin(text: String) {
        #expect(Origin(parsing: text) == nil)
    }

    @Test("a host of the greatest length")
    func longest() throws {
        let label = String(repeating: "a", count: 63)
        let host = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
        #expect(host.utf8.count == 253)
        #expect(Origin(parsing: "https://\(host)")?.host == host)
        #expect(Origin(parsing: "https://\(host)c") == nil)
        let scheme = String(repeating: "s", count: 32)
        #expect(Origin(parsing: "\(scheme)://a")?.scheme == scheme)
        #expect(Origin(parsing: "\(scheme)s://a") == nil)
    }

    @Test(
        "the origin of a referrer",
        arguments: [
            ("https://app.example.com", "https://app.example.com"),
            ("https://app.example.com/", "https://app.example.com"),
            ("https://app.example.com/a/b?c=d", "https://app.example.com"),
            ("https://app.example.com:8443?c=https://evil.com", "https://app.example.com:8443"),
            ("https://evil.com/https://app.example.com", "https://evil.com"),
            ("https://evil.com?@app.example.com", "https://evil.com"),
            ("https://evil.com/@app.example.com", "https://evil.com"),
            ("https://app.example.com.evil.com/", "https://app.example.com.evil.com"),
            ("https://app.example.com//evil.com", "https://app.example.com"),
            ("http://[::1]:3000/a", "http://[::1]:3000"),
            ("HTTPS://APP.example.com/%41", "https://app.example.com"), ("http://a:80/b", "http://a"),
        ]
    )
    func referrer(text: String, origin: String) {
        #expect(Origin(referrer: text)?.description == origin)
    }

    @Test(
        "what has no origin as a referrer",
        arguments: [
            "", "about:client", "/", "/path", "//app.example.com/", "app.example.com/", "https:/app.example.com/",
            "https:///app.example.com/", "https:\\\\app.example.com/", "https://app.example.com@evil.com/",
            "https://user@app.example.com/", "https://evil.com\\@app.example.com/", "https://evil.com\\.example.com/",
            "https://evil.com#@app.example.com/", "https://app.example.com#", "https://app.example.com/#x",
            "https://app.example.com\t/", "https://app.example.com/a b", "https://app.example.com/\n",
            "https://app.example.com/é", "https://app.example.com:0443/", "https://app.example.com./",
            "https://app%2eexample.com/", "https://*.example.com/", "null", "https://", "https:///", "https://?", ":",
            "::", ":/",
            "data:text/html,https://app.example.com/", "blob:https://app.example.com/1", "file:///etc/passwd",
            "javascript://app.example.com/", "view-source:https://app.example.com/",
        ]
    )
    func noReferrer(text: String) {
        #expect(Origin(referrer: text) == nil)
    }
}
