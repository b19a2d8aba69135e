import ClavigerCore
import Testing

@Suite struct AddressGuardTests {
    static let refused = [
        // The machine itself.
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::", "::ffff:127.0.0.1", "::127.0.0.1",
        // Private networks.
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::ffff:10.0.0.1", "fd00::8", "fc00::1",
        // Link-local, and the metadata of clouds.
        "169.254.0.1", "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fec0::1", "fd00:ec2::254",
        "100.100.100.200", "192.0.0.192", "168.63.129.16",
        // Shared by carriers.
        "100.64.0.1", "100.127.255.255",
        // Ways around: NAT64, its local form, 6to4, Teredo.
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "2001::1",
        // Multicast, broadcast, reserved, documentation, benchmarks, discard.
        "224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1",
        "198.18.0.1", "198.19.255.255", "192.88.99.1", "ff02::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1",
    ]
    static let allowed = [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "2606:4700::1111",
        "2a00:1450:4001::1", "2001:4860:4860::8888", "64:ff9b::808:808", "::ffff:8.8.8.8",
    ]

    @Test(arguments: refused) func isRefused(text: String) throws {
        #expect(!AddressGuard().allows(try #require(IPAddress(parsing: text))))
    }

    @Test(arguments: allowed) func isAllowed(text: String) throws {
        #expect(AddressGuard().allows(try #require(IPAddress(parsing: text))))
    }

    @Test func theOperatorAllowsNetworks() throws {
        let own = AddressGuard(allowed: [try CIDR(parsing: "10.1.0.0/16"), try CIDR(parsing: "fd12::/16")])
        for (text, isAllowed) in [
            ("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("64:ff9b::a01:203", true), ("fd12::1", true),
            ("10.2.0.1", false), ("fd13::1", false), ("127.0.0.1", false), ("8.8.8.8", true),
        ] {
            #expect(own.allows(try #require(IPAddress(parsing: text))) == isAllowed, "\(text)")
        }
    }
}
