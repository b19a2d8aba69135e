public import ClavigerCore

extension Verifier {
    /// Puts on record that a token was presented to somebody who has let nobody in with it: a use of the key, but no
    /// request.
    ///
    /// - Throws: when the journal has no room; the journal counts the gap.
    public func noteIntrospection(
        _ verdict: Verdict,
        of token: PresentedToken,
        _ query: VerificationQuery,
        recording: UseRecording
    ) throws(JournalFull) {
        var record = recording.record(verdict, token.redacted(query), token.lookupID, at: self.time.now(), took: .zero)
        // Nothing was taken.
        record.cost = 0
        _ = try self.usage.append(record)
    }
}
