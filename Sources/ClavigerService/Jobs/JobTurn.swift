import ClavigerCore

/// One part of a job's work on a due moment.
struct JobTurn: Sendable {
    /// The job as it was when the part began.
    let job: Job

    /// Renews the lease, and notes how far the work has come: in the transaction that does the part, so that what is
    /// done and what is noted cannot differ.
    ///
    /// - Throws: ``JobTaken`` if another process has the job now; then nothing of the part may be committed.
    func advance(_ tx: any AuthorityWriting, to cursor: String, at now: Timestamp) throws {
        guard var job = try tx.jobs().first(where: { $0.name == self.job.name }), let seen = job.lease,
            seen.holder == self.job.lease?.holder, job.dueAt == self.job.dueAt, job.cursor == self.job.cursor
        else { throw JobTaken() }
        job.advance(to: cursor, at: now)
        guard try tx.store(job, ifLeased: seen) else { throw JobTaken() }
    }
}

/// Another process works on the job: this one was away for longer than its lease.
struct JobTaken: Error {}

/// What a job does.
struct JobDefinition: Sendable {
    /// Which job.
    let name: Job.Name
    /// Does the next part of it; tells whether there is another.
    let part: @Sendable (JobTurn) async throws -> Bool
}

extension Maintenance {
    /// All jobs, in the order in which they are done.
    ///
    /// The ends come before what may make some, so that nothing is told out of its order.
    var jobs: [JobDefinition] {
        [
            .whole(.ends, self.tellEnds),
            JobDefinition(name: .rotation, part: self.rotateNext),
            JobDefinition(name: .unused, part: self.retireNext),
            .whole(.requests, self.endRequests),
            .whole(.reviews, self.runReviews),
            .whole(.graces, self.endQuietGraces),
        ]
    }
}

extension JobDefinition {
    /// A job that remembers by itself what it has done, and goes on there.
    fileprivate static func whole(_ name: Job.Name, _ body: @escaping @Sendable () async throws -> Void) -> Self {
        JobDefinition(name: name) { _ in
            try await body()
            return false
        }
    }
}
