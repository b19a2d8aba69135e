import CArgon2
import ClavigerCore

/// Argon2 (RFC 9106) by its reference implementation.
enum Argon2 {
    /// The hash of `bytes`.
    ///
    /// All lanes are computed by this thread: the result is the same, and the bound on work at once holds.
    static func hash(
        _ bytes: [UInt8],
        _ cost: Argon2Parameters,
        salt: [UInt8],
        length: Int
    ) throws -> [UInt8] {
        var bytes = bytes
        var salt = salt
        var result = [UInt8](repeating: 0, count: length)
        let code = bytes.withUnsafeMutableBufferPointer { password in
            salt.withUnsafeMutableBufferPointer { salt in
                result.withUnsafeMutableBufferPointer { result in
                    var context = argon2_context()
                    context.out = result.baseAddress
                    context.outlen = UInt32(result.count)
                    context.pwd = password.baseAddress
                    context.pwdlen = UInt32(password.count)
                    context.salt = salt.baseAddress
                    context.saltlen = UInt32(salt.count)
                    context.t_cost = UInt32(cost.passes)
                    context.m_cost = UInt32(cost.memory)
                    context.lanes = UInt32(cost.lanes)
                    context.threads = 1
                    context.version = UInt32(cost.version)
                    return argon2_ctx(&context, cost.variant == .argon2id ? Argon2_id : Argon2_i)
                }
            }
        }
        guard code == ARGON2_OK.rawValue else { throw SlowHashFailure(library: "argon2", code: code) }
        return result
    }
}
