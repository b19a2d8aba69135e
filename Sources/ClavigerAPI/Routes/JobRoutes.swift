import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerJobs(_ registry: inout EndpointRegistry) {
        registry.authenticated(.get, "/v1/jobs") { _, context in
            let jobs = try await self.authority.jobs(by: context.caller)
            return .json(["items": .array(jobs.map(\.publicFields))])
        }
        registry.authenticated(.post, "/v1/jobs/{id}/run") { request, context in
            let name = try Self.parameter(context, "job", Field.name(of: Job.Name.self))
            let json = try await request.optionalJSON(atMost: Self.bodyLimit)
            var body = try ObjectReader(body: json)
            try body.finish()
            return try await Self.answer(request, json, status: .ok, render: \.publicFields) { once in
                try await self.authority.runJob(name, by: context.caller, once: once)
            }
        }
    }
}
