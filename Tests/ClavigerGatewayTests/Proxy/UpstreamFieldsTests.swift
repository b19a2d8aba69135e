import ClavigerCore
import HTTPTypes
import Testing

@testable import ClavigerGateway

@Suite struct UpstreamFieldsTests {
    private func forwarding(trusted: Bool = false) -> ForwardingFields {
        let peer = IPAddress(parsing: "192.0.2.7")
        return ForwardingFields(
            peer: peer,
            client: trusted ? IPAddress(parsing: "198.51.100.1") : peer,
            peerIsTrusted: trusted,
            scheme: "https",
            authority: "api.example:8443"
        )
    }

    private func fields(_ pairs: [(String, String)]) throws -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in pairs {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        return fields
    }

    private func request(_ pairs: [(String, String)], trusted: Bool = false) throws -> HTTPFields {
        UpstreamFields.request(
            try self.fields(pairs),
            identity: [IdentityFields.keyID: "key_1"],
            forwarding: self.forwarding(trusted: trusted)
        )
    }

    /// RFC 9110 section 7.6.1, and the fields that HTTP/1.0 proxies used.
    @Test(arguments: [
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "X-Listed", "HTTP2-Settings",
    ])
    func hopByHopFieldsStayHere(name: String) throws {
        let pairs = [("Connection", "close, X-Listed"), ("Connection", "x-other"), (name, "x"), ("X-Other", "x")]
        let request = try self.request(pairs)
        let response = UpstreamFields.response(try self.fields(pairs), client: [:])
        let (dropped, other) = (try #require(HTTPField.Name(name)), try #require(HTTPField.Name("X-Other")))
        for fields in [request, response] {
            #expect(fields[dropped] == nil)
            #expect(fields[other] == nil)
        }
    }

    @Test func connectionCannotTakeAwayWhatMustStay() throws {
        let pairs = [("Connection", "content-type, content-length, host"), ("Content-Type", "a/b")]
        #expect(try self.request(pairs)[.contentType] == "a/b")
        #expect(try self.request([("Connection", "x-claviger-key-id")])[IdentityFields.keyID] == "key_1")
    }

    @Test(arguments: [
        "Authorization", "X-API-Key", "X_API_Key", "X-Claviger-Scopes", "X_Claviger_Scopes", "x-claviger-anything",
        "X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "Content_Length", "Transfer_Encoding", "Expect",
        "X-Forwarded-Prefix", "X-Forwarded_Port",
    ])
    func clientsCannotSend(name: String) throws {
        let field = try #require(HTTPField.Name(name))
        #expect(try self.request([(name, "x")])[field] == nil)
    }

    @Test func onlyTrailersOfTE() throws {
        let te = try #require(HTTPField.Name("TE"))
        #expect(try self.request([("TE", "gzip, Trailers")])[te] == "trailers")
        #expect(try self.request([("TE", "gzip")])[te] == nil)
    }

    @Test func anybodyMaySayNothingOfWhomTheyAskFor() throws {
        let spoofed = [
            ("X-Forwarded-For", "10.0.0.1"), ("Forwarded", "for=10.0.0.1"), ("X-Forwarded-Proto", "ftp"),
            ("X-Forwarded-Host", "evil"), ("X-Real-IP", "10.0.0.1"),
        ]
        let fields = try self.request(spoofed)
        #expect(fields[ForwardingFields.xForwardedFor] == "192.0.2.7")
        #expect(fields[ForwardingFields.xForwardedProto] == "https")
        #expect(fields[ForwardingFields.xForwardedHost] == "api.example:8443")
        #expect(fields[ForwardingFields.xRealIP] == "192.0.2.7")
        #expect(fields[ForwardingFields.forwarded] == "for=192.0.2.7;host=\"api.example:8443\";proto=https")
    }

    @Test func whatATrustedProxySaysIsKept() throws {
        let said = [
            ("X-Forwarded-For", "198.51.100.1"), ("Forwarded", "for=198.51.100.1"), ("X-Forwarded-Proto", "http"),
            ("X-Real-IP", "10.0.0.1"), ("Via", "1.0 fred"),
        ]
        let fields = try self.request(said, trusted: true)
        #expect(fields[ForwardingFields.xForwardedFor] == "198.51.100.1, 192.0.2.7")
        #expect(fields[ForwardingFields.forwarded]?.hasPrefix("for=198.51.100.1, for=192.0.2.7;") == true)
        #expect(fields[ForwardingFields.xForwardedProto] == "http")
        #expect(fields[ForwardingFields.xRealIP] == "198.51.100.1")
        #expect(fields[ForwardingFields.via] == "1.0 fred, 1.1 claviger")
    }

    /// A trusted proxy that writes one of the two headers hands on what the client wrote into the other: a client that
    /// cannot be known is not let in, or it could guess tokens that are counted for nobody.
    @Test func aContradictionIsRefused() throws {
        func request(_ fields: [(String, String)]) throws -> ProxiedRequest {
            try ProxiedRequest(
                HTTPRequest(
                    method: .get,
                    scheme: "http",
                    authority: "api.example",
                    path: "/",
                    headerFields: try self.fields(fields)
                ),
                isHTTP1: true,
                peer: IPAddress(parsing: "192.0.2.7"),
                trustedProxies: try TrustedProxies([CIDR(parsing: "192.0.2.0/24")]),
                isSecure: false
            )
        }
        let problem = #expect(throws: Problem.self) {
            try request([("X-Forwarded-For", "198.51.100.1"), ("Forwarded", "for=10.0.0.5")])
        }
        #expect(problem?.kind == .invalidRequest)
        #expect(problem?.detail.contains("10.0.0.5") == false)
        for fields in [
            [("X-Forwarded-For", "198.51.100.1"), ("Forwarded", "for=198.51.100.1")],
            [("X-Forwarded-For", "198.51.100.1")], [("Forwarded", "for=198.51.100.1")],
        ] {
            #expect(try request(fields).clientContext.ip == IPAddress(parsing: "198.51.100.1"))
        }
    }

    @Test func answers() throws {
        let limit = try #require(HTTPField.Name("RateLimit"))
        let upstream = try self.fields([
            ("X-Claviger-Status", "x"), ("RateLimit", "theirs"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
            ("Content-Length", "3"),
        ])
        let fields = UpstreamFields.response(upstream, client: [limit: "ours"])
        #expect(fields[values: limit] == ["ours"])
        #expect(fields[values: .setCookie] == ["a=1", "b=2"])
        #expect(fields[.contentLength] == "3")
        #expect(!fields.contains { $0.name.canonicalName.hasPrefix("x-claviger-") })
        #expect(fields[ForwardingFields.via] == "1.1 claviger")
    }

    @Test func framing() throws {
        let length = try #require(HTTPField.Name("Content-Length"))
        #expect(try RequestFraming([:], mayHaveBodyUnannounced: false) == .none)
        #expect(try RequestFraming([:], mayHaveBodyUnannounced: true) == .unknown)
        #expect(try RequestFraming([length: "5"], mayHaveBodyUnannounced: false) == .length(5))
        #expect(try RequestFraming([length: "0"], mayHaveBodyUnannounced: true) == .none)
        #expect(try RequestFraming([.transferEncoding: "Chunked"], mayHaveBodyUnannounced: false) == .unknown)
        for pairs in [
            [("Content-Length", "5"), ("Content-Length", "5")], [("Content-Length", "+5")],
            [("Content-Length", "5, 5")],
            [("Content-Length", "5"), ("Transfer-Encoding", "chunked")], [("Transfer-Encoding", "gzip, chunked")],
            [("Transfer-Encoding", "identity")], [("Content-Length", "")], [("Content-Length", "9999999999999999999")],
        ] {
            #expect(throws: Problem.self) {
                try RequestFraming(try self.fields(pairs), mayHaveBodyUnannounced: false)
            }
        }
    }

    /// The digest of the key of RFC 7469 section 2.9 is written both ways.
    @Test func pins() throws {
        let base64 = "d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM="
        let hexadecimal = "77aab346ef7338409bf7451ecf6ef15a5b4db23d1ed4c77b1a4618915a195a63"
        #expect(try SPKIPin(parsing: base64) == SPKIPin(parsing: hexadecimal))
        #expect(try SPKIPin(parsing: "sha256/" + base64).description == "sha256/" + base64)
        for text in ["", "sha256/", "d6qz", String(repeating: "g", count: 64), base64 + "="] {
            #expect(throws: FieldError.self) { try SPKIPin(parsing: text) }
        }
    }
}
