import ClavigerCore
import HTTPTypes
public import Hummingbird
import NIOCore

/// The fields of a form: each once, those without a value left out (RFC 6749 section 3.1 has it so).
public struct FormFields: Sendable {
    /// Why a body is no form.
    public struct Malformed: Error, Sendable {
        /// What is wrong, for a person; it repeats nothing of the body.
        public let message: String

        /// Makes an error.
        public init(message: String) {
            self.message = message
        }
    }

    private static let most = 64

    private var values: [String: String] = [:]

    /// Reads `name=value&…`.
    init(_ text: String) throws(Malformed) {
        let pairs = text.split(separator: "&")
        guard pairs.count <= Self.most else { throw Malformed(message: "The form has too many fields.") }
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = FormText.decode(parts[0]), let value = FormText.decode(parts.count == 2 ? parts[1] : "")
            else { throw Malformed(message: "The form must be percent-encoded UTF-8.") }
            guard self.values.updateValue(value, forKey: name) == nil else {
                throw Malformed(message: "A field of the form is there more than once.")
            }
        }
    }

    /// The value of a field; nil for one that is not there, or empty.
    public subscript(_ name: String) -> String? {
        self.values[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension Request {
    /// Reads a body of `application/x-www-form-urlencoded`.
    ///
    /// - Throws: ``FormFields/Malformed``, and a problem for a body that is too large.
    public func form(atMost limit: Int) async throws -> FormFields {
        let type = self.headers.one(.contentType) ?? ""
        guard type.prefix(while: { $0 != ";" && $0 != " " }).lowercased() == "application/x-www-form-urlencoded" else {
            throw FormFields.Malformed(message: "Send a form: Content-Type: application/x-www-form-urlencoded.")
        }
        let body = try await self.bytes(atMost: limit)
        guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
            throw FormFields.Malformed(message: "The form must be percent-encoded UTF-8.")
        }
        return try FormFields(text)
    }

    /// Reads a body as it came, to check a signature over it.
    public func rawBody(atMost limit: Int) async throws -> [UInt8] {
        Array(try await self.bytes(atMost: limit).readableBytesView)
    }
}
