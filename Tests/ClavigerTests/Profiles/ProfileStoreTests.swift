import ArgumentParser
import ClavigerClient
import ClavigerCore
import Foundation
import Testing

@testable import claviger

/// Bytes that are always the same, for tokens whose text does not matter.
private struct FixedRandom: RandomSource {
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) } }
}

@Suite struct ProfileStoreTests {
    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "claviger-profiles-\(UUID().uuidString)"
    )
    private var store: ProfileStore { ProfileStore(path: self.folder.path + "/config/claviger/profiles") }

    private func token() throws -> KeyToken {
        KeyToken(
            prefix: try TokenPrefix(parsing: "claviger"),
            tag: try TokenTag(parsing: "live"),
            from: FixedRandom()
        )
    }

    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func whatIsWrittenIsReadAgainAndPrivate() throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        #expect(try self.store.read().all.isEmpty)
        var profiles = Profiles()
        let url = try ServerURL(parsing: "https://keys.example.com")
        profiles.add("one", url: url, token: try self.token(), authorityFile: "/ca.pem")
        profiles.add("two", url: .standard, token: nil, authorityFile: nil)
        try self.store.write(profiles)
        #expect(try self.mode(self.store.path) == 0o600)
        #expect(try self.mode(self.folder.path + "/config/claviger") == 0o700)

        let read = try self.store.read()
        #expect(read.all.map(\.name) == ["one", "two"])
        #expect(read.current == "one")
        #expect(read["one"]?.url == url)
        #expect(read["one"]?.authorityFile == "/ca.pem")
        #expect(read["one"]?.tokenStart == (try self.token()).publicStart)
        #expect(read["two"]?.token == nil)
        #expect(read.json == profiles.json)
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o602])
    func aFileThatOthersCanReadIsRefused(mode: Int) throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        try self.store.write(Profiles())
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: self.store.path)
        #expect(throws: ProfileError.exposed(path: self.store.path, mode: UInt32(mode))) { try self.store.read() }
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"profiles":{"a":{}}}"#, #"{"profiles":{"a":{"url":"x"}}}"#,
        #"{"profiles":{"a":{"url":"http://x","token":"y"}}}"#, #"{"profiles":{"a b":{"url":"http://x"}}}"#,
    ])
    func somethingElseIsRefused(text: String) throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        try self.store.write(Profiles())
        try Data(text.utf8).write(to: URL(filePath: self.store.path))
        #expect(throws: ProfileError.malformed(path: self.store.path)) { try self.store.read() }
    }

    @Test func profilesDoNotShowTokens() throws {
        var profiles = Profiles()
        profiles.add("one", url: .standard, token: try self.token(), authorityFile: nil)
        var secret = ""
        if case .string(let text)? = profiles.json["profiles"]?["one"]?["token"] { secret = text }
        #expect(secret.count > 60)
        var dumped = ""
        dump(profiles, to: &dumped)
        dump(profiles.all, to: &dumped)
        for text in ["\(profiles)", "\(profiles.all)", String(reflecting: profiles), dumped] {
            #expect(!text.contains(secret))
        }
    }

    @Test func wherePathsComeFrom() throws {
        #expect(try ProfileStore(environment: ["HOME": "/h"]).path == "/h/.config/claviger/profiles")
        #expect(try ProfileStore(environment: ["HOME": "/h", "XDG_CONFIG_HOME": "/x"]).path == "/x/claviger/profiles")
        let relative = ["HOME": "/h", "XDG_CONFIG_HOME": "x"]
        #expect(try ProfileStore(environment: relative).path == "/h/.config/claviger/profiles")
        #expect(throws: ProfileError.noHome) { try ProfileStore(environment: [:]) }
    }
}

/// Flag, then environment, then profile, then default.
@Suite struct ConnectionSettingsTests {
    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "claviger-settings-\(UUID().uuidString)"
    )

    private func environment(_ more: [String: String] = [:]) throws -> [String: String] {
        let environment = ["XDG_CONFIG_HOME": self.folder.path]
        let token = KeyToken(
            prefix: try TokenPrefix(parsing: "claviger"),
            tag: try TokenTag(parsing: "live"),
            from: FixedRandom()
        )
        var profiles = Profiles()
        profiles.add("p", url: try ServerURL(parsing: "https://p.example"), token: token, authorityFile: "/p.pem")
        profiles.add("q", url: try ServerURL(parsing: "https://q.example"), token: token, authorityFile: nil)
        try ProfileStore(environment: environment).write(profiles)
        return environment.merging(more) { $1 }
    }

    private func url(_ arguments: [String], _ environment: [String: String]) throws -> String {
        try ConnectionSettings(try ClientOptions.parse(arguments), environment: environment)
            .resolve(needsToken: false).url.text
    }

    @Test func precedence() throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        let plain = try self.environment()
        let named = try self.environment(["CLAVIGER_URL": "https://e.example", "CLAVIGER_PROFILE": "q"])
        #expect(try self.url([], ["XDG_CONFIG_HOME": "/nonexistent"]) == "http://127.0.0.1:8080")
        #expect(try self.url([], plain) == "https://p.example")
        #expect(try self.url([], plain.merging(["CLAVIGER_PROFILE": "q"]) { $1 }) == "https://q.example")
        #expect(
            try self.url(["--profile", "p"], plain.merging(["CLAVIGER_PROFILE": "q"]) { $1 }) == "https://p.example"
        )
        #expect(try self.url([], named) == "https://e.example")
        #expect(try self.url(["--url", "https://f.example"], named) == "https://f.example")
    }

    @Test func aProfilesKeyGoesToItsServerOnly() throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        let environment = try self.environment()
        let own = try ConnectionSettings(try ClientOptions.parse([]), environment: environment).resolve()
        #expect(own.token != nil)
        #expect(own.authorityFile == "/p.pem")
        let error = #expect(throws: CommandFailure.self) {
            try ConnectionSettings(
                try ClientOptions.parse(["--url", "https://evil.example"]),
                environment: environment
            )
            .resolve()
        }
        #expect(error?.status == .usage)
    }

    @Test func withoutAKeyThereIsAHint() throws {
        let error = #expect(throws: CommandFailure.self) {
            try ConnectionSettings(try ClientOptions.parse([]), environment: ["HOME": "/nonexistent"]).resolve()
        }
        #expect(error?.message.contains("first-management-key") == true)
    }
}
