import Testing

@testable import ClavigerHTTP

@Suite
struct ListenPolicyTests {
    @Test(arguments: ["127.0.0.1", "127.8.0.1", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"])
    func loopbackMayBeClear(host: String) throws {
        let address = try ListenAddress(host: host, port: 8080)
        #expect(ListenPolicy(usesTLS: false).refusal(of: address) == nil)
    }

    @Test(arguments: ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "::ffff:0.0.0.0"])
    func othersNeedTLSOrTheOperatorsWord(host: String) throws {
        let address = try ListenAddress(host: host, port: 8080)
        let refusal = try #require(ListenPolicy(usesTLS: false).refusal(of: address))
        #expect(refusal.description.contains("listen.trustedPlaintext"))
        #expect(refusal.description.contains("tls.certificate"))
        #expect(ListenPolicy(usesTLS: true).refusal(of: address) == nil)
        #expect(ListenPolicy(usesTLS: false, trustedPlaintext: true).refusal(of: address) == nil)
    }

    @Test(arguments: ["", "[::1]", "127.0.0.1:80", "127.1", "example.org", "localhost.", "fe80::1%eth0", "0x7f000001"])
    func otherHostsAreRefused(host: String) {
        #expect(throws: ListenRefusal.invalidHost(host)) { try ListenAddress(host: host, port: 1) }
    }

    @Test(arguments: [-1, 65_536])
    func portsAreChecked(port: Int) {
        #expect(throws: ListenRefusal.invalidPort(port)) { try ListenAddress(host: "::1", port: port) }
    }

    @Test
    func localhostNeedsNoLookUp() throws {
        #expect(try ListenAddress(host: "localhost", port: 1).description == "127.0.0.1:1")
        #expect(try ListenAddress(host: "::1", port: 1).description == "[::1]:1")
    }
}
