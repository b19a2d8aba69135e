import ClavigerCore

extension Verifier {
    /// Refuses a network that has sent too many bad tokens.
    func attempts<Meter: VerificationMeter, Trace: VerificationTrace>(
        _ query: VerificationQuery,
        _ uptime: Uptime,
        _ reporter: UInt64,
        as: Meter.Type,
        _ trace: inout Trace
    ) -> Verdict? {
        // Callers of this server: one that guesses must not lock its neighbours out of it.
        if Meter.self == NoMeter.self { return nil }
        guard let ip = query.context.ip else {
            trace.add(.attempts, .skipped) { "the client's address is not known" }
            return nil
        }
        if let wait = self.throttle.shouldRefuse(ip, reporter: reporter, at: uptime) {
            trace.add(.attempts, .failed) { "this network has sent too many bad tokens" }
            return .tooManyAttempts(retryAfter: wait)
        }
        trace.add(.attempts, .passed) { "this network has not sent too many bad tokens" }
        return nil
    }

    /// Counts what a decision says of the network that the token came from.
    func count<Meter: VerificationMeter>(
        _ verdict: Verdict,
        _ query: VerificationQuery,
        _ uptime: Uptime,
        _ reporter: UInt64,
        as: Meter.Type
    ) {
        guard Meter.self == UseMeter.self, let ip = query.context.ip else { return }
        if verdict.isValid {
            self.throttle.recordGood(ip, reporter: reporter, at: uptime)
        } else if verdict.code == .notFound {
            self.throttle.recordBad(ip, reporter: reporter, at: uptime)
        }
    }
}
