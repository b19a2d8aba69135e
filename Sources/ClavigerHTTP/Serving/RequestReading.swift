public import ClavigerCore
import HTTPTypes
public import Hummingbird
import NIOCore

extension Request {
    /// Reads a JSON body.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that the call takes.
    ///   - mediaTypes: what `Content-Type` may be, besides `application/json`.
    /// - Throws: a ``Problem`` for anything that is not one strict JSON value.
    public func json(atMost limit: Int, mediaTypes: [String] = []) async throws -> JSON {
        try self.checkMediaType(["application/json"] + mediaTypes)
        let buffer = try await self.bytes(atMost: limit)
        guard buffer.readableBytes > 0 else { throw Problem(.invalidJSON, "The call needs a JSON body.") }
        return try Self.parse(buffer)
    }

    /// Reads a body that is JSON, or something else that stands for JSON.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that the call takes.
    ///   - mediaTypes: the types of the other form.
    ///   - parse: reads the other form.
    public func json(
        atMost limit: Int,
        or mediaTypes: [String],
        _ parse: ([UInt8]) throws -> JSON
    ) async throws -> JSON {
        try self.checkMediaType(["application/json"] + mediaTypes)
        let buffer = try await self.bytes(atMost: limit)
        guard buffer.readableBytes > 0 else { throw Problem(.invalidRequest, "The call needs a body.") }
        let given = self.headers.one(.contentType) ?? ""
        let essence = given.prefix { $0 != ";" && $0 != " " }.lowercased()
        return essence == "application/json" ? try Self.parse(buffer) : try parse(Array(buffer.readableBytesView))
    }

    /// Reads a JSON body that may be left out, which is an empty object.
    public func optionalJSON(atMost limit: Int) async throws -> JSON {
        let buffer = try await self.bytes(atMost: limit)
        guard buffer.readableBytes > 0 else { return .object(JSONObject()) }
        try self.checkMediaType(["application/json"])
        return try Self.parse(buffer)
    }

    /// Takes the body in, to be read later.
    mutating func takeIn(atMost limit: Int) async throws {
        self.body = RequestBody(buffer: try await self.bytes(atMost: limit))
    }

    func bytes(atMost limit: Int) async throws -> ByteBuffer {
        // What is announced as too large is refused without reading it.
        if let length = self.headers.one(.contentLength).flatMap({ Int($0) }), length > limit {
            throw Self.tooLarge(limit)
        }
        do {
            return try await self.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw Self.tooLarge(limit)
        }
    }

    private static func tooLarge(_ limit: Int) -> Problem {
        Problem(.payloadTooLarge, "The body is larger than the \(limit / 1024) KiB that this call takes.")
    }

    private func checkMediaType(_ allowed: [String]) throws(Problem) {
        let given = self.headers.one(.contentType) ?? ""
        if given == "application/json" { return }
        let essence = given.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard allowed.contains(essence) else {
            throw Problem(
                .unsupportedMediaType,
                "Send the body with Content-Type: \(allowed.joined(separator: " or "))."
            )
        }
    }

    private static func parse(_ buffer: ByteBuffer) throws -> JSON {
        do throws(JSONError) {
            return try buffer.withUnsafeReadableBytes { (raw) throws(JSONError) in
                try JSON.parse(raw.assumingMemoryBound(to: UInt8.self))
            }
        } catch {
            throw Problem(.invalidJSON, error.message)
        }
    }

    /// The version that `If-Match` names; nil if there is none, or `*`.
    public func expectedVersion() throws(Problem) -> Int? {
        guard let text = self.headers[.ifMatch], text != "*" else { return nil }
        let digits = text.dropFirst().dropLast()
        guard text.utf8.count > 2, text.first == "\"", text.last == "\"",
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let version = Int(digits)
        else {
            throw Problem(
                .invalidRequest,
                "If-Match must be one ETag as this server gives it, such as \"3\" with its quotes.",
                violations: [Violation("If-Match", "must be an ETag of this server")]
            )
        }
        return version
    }

    /// The `Idempotency-Key`, if there is one.
    public func idempotencyKey() throws(Problem) -> String? {
        guard let name = HTTPField.Name("Idempotency-Key"), let key = self.headers[name] else { return nil }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem(
                .invalidRequest,
                "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.",
                violations: [Violation("Idempotency-Key", "must be 1 to 255 printable ASCII characters")]
            )
        }
        return key
    }
}
