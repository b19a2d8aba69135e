public import ClavigerCore

/// A job as of a moment.
public struct JobStatus: Sendable {
    /// The job.
    public let job: Job
    /// As of when.
    public let readAt: Timestamp

    /// The fields for answers.
    public var publicFields: JSON {
        let job = self.job
        return [
            "name": .string(job.name.rawValue),
            "description": .string(job.name.summary),
            "every": .string(DurationText.text(for: job.name.every)),
            "state": .string(job.activity(at: self.readAt).rawValue),
            "nextDueAt": .string((job.requestedAt ?? job.nextDueAt).text),
            "dueAt": job.dueAt.map { .string($0.text) },
            "startedAt": job.startedAt.map { .string($0.text) },
            "endedAt": job.endedAt.map { .string($0.text) },
            "runs": .integer(Int64(job.runs)),
            "failures": .integer(Int64(job.failures)),
            "failure": job.failure.map(JSON.string),
        ]
    }
}

extension Authority {
    /// All jobs, and how far each has come.
    public func jobs(by caller: Caller) async throws -> [JobStatus] {
        let now = self.time.now()
        return try await self.read(AuditAction(.job, "read"), nil, by: caller) { tx, caller in
            try caller.require(.readJobs)
            let stored = try tx.jobs()
            return Job.Name.allCases.map { name in
                let job = stored.first { $0.name == name } ?? Job(name, nextDueAt: now)
                return JobStatus(job: job, readAt: now)
            }
        }
    }

    /// Makes a job due now.
    public func runJob(
        _ name: Job.Name,
        by caller: Caller,
        once: Once<JobStatus>? = nil
    ) async throws
        -> Outcome<JobStatus>
    {
        let action = AuditAction(.job, "run")
        return try await self.change(action, name.rawValue, by: caller, once: once) { change in
            try change.caller.require(.runJobs)
            let job = try change.tx.requestJob(name, at: change.now)
            try change.record(action, name.rawValue, after: ["requestedAt": .string(change.now.text)])
            return JobStatus(job: job, readAt: change.now)
        }
    }
}

extension AuthorityWriting {
    /// Makes a job due now.
    @discardableResult
    func requestJob(_ name: Job.Name, at now: Timestamp) throws -> Job {
        if let known = try self.jobs().first(where: { $0.name == name }) {
            var job = known
            job.requestedAt = job.requestedAt ?? now
            _ = try self.store(job, ifLeased: job.lease)
            return job
        }
        let job = Job(name, nextDueAt: now)
        try self.insert(job)
        return job
    }
}
