import ClavigerCore
import ClavigerTestSupport
import Foundation

/// A client made of Envoy's public definitions, in a process of its own: `envoy_client.py`.
enum EnvoyClient {
    struct Failure: Error {
        let text: String
    }

    /// What was answered to one call.
    struct Answer {
        let json: JSON

        /// The name of gRPC's status; nil if there is a response.
        var error: String? { self.json["error"]?.string }
        var response: JSON { self.json["response"] ?? .null }
        var denied: JSON { self.response["denied_response"] ?? .null }
        var granted: JSON { self.response["ok_response"] ?? .null }
        /// `google.rpc.Code`; proto3's JSON leaves out 0.
        var code: Int64? { self.response["status"].map { $0["code"]?.integer ?? 0 } }
        /// The HTTP status for the client, as the name that Envoy's definition gives it.
        var status: String? { self.denied["status"]?["code"]?.string }
        var metadata: JSON { self.response["dynamic_metadata"] ?? .null }
        var body: JSON { (try? JSON.parse(Array((self.denied["body"]?.string ?? "").utf8))) ?? .null }

        /// The fields of a list of header options, by name; each must say that it replaces what is there.
        static func fields(_ options: JSON?) -> [String: String] {
            var fields: [String: String] = [:]
            for option in options?.array ?? [] {
                guard option["append"] == false, option["append_action"] == "OVERWRITE_IF_EXISTS_OR_ADD",
                    let name = option["header"]?["key"]?.string
                else { continue }
                fields[name] = option["header"]?["value"]?.string ?? ""
            }
            return fields
        }

        /// What the client is told.
        var clientFields: [String: String] {
            Self.fields(self.denied["headers"] ?? self.granted["response_headers_to_add"])
        }
        /// What the upstream is told.
        var identity: [String: String] { Self.fields(self.granted["headers"]) }
        var removed: [String] { (self.granted["headers_to_remove"]?.array ?? []).compactMap(\.string) }
    }

    /// Makes calls, one after the other.
    static func run(_ calls: [JSON]) async throws -> [Answer] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let root = tests.deletingLastPathComponent().deletingLastPathComponent()
        let python = root.appendingPathComponent(".venv/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw Failure(text: "there is no \(python): run scripts/bootstrap.sh --test")
        }
        let process = try ChildProcess(
            python,
            [tests.appendingPathComponent("envoy_client.py").path],
            input: String(decoding: JSON.array(calls).serialized(), as: UTF8.self)
        )
        guard await process.wait() == 0 else { throw Failure(text: process.errorText) }
        guard let answers = try JSON.parse(Array(process.outputText.utf8)).array, answers.count == calls.count else {
            throw Failure(text: process.outputText)
        }
        return answers.map(Answer.init)
    }
}
