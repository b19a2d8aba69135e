import ClavigerCore
import ClavigerHTTP
import ClavigerService
import Hummingbird

extension ManagementAPI {
    func registerCredits(_ registry: inout EndpointRegistry) {
        registry.authenticated(.post, "/v1/credits/reservations") { request, context in
            let draft = try ReservationDraft(reading: try await request.json(atMost: Self.bodyLimit))
            let (reservation, isReplayed) = try await self.authority.reserve(
                draft,
                by: context.caller,
                idempotencyKey: try request.idempotencyKey()
            )
            var response = Response.json(reservation.publicFields, status: .created)
            if isReplayed { Self.markReplayed(&response) }
            return response
        }
        registry.authenticated(.post, "/v1/credits/reservations/{id}/commit") { request, context in
            var body = try ObjectReader(body: try await request.json(atMost: Self.bodyLimit))
            let amount = body.credits("amount", from: 0)
            try body.finish()
            let reservation = try await self.authority.commit(
                try Self.reservation(context),
                amount: amount ?? 0,
                by: context.caller
            )
            return .json(reservation.publicFields)
        }
        registry.authenticated(.post, "/v1/credits/reservations/{id}/release") { request, context in
            try await request.emptyObject(atMost: Self.bodyLimit)
            let reservation = try await self.authority.release(try Self.reservation(context), by: context.caller)
            return .json(reservation.publicFields)
        }
    }

    private static func reservation(_ context: CallerContext) throws(Problem) -> Reservation.ID {
        try Self.parameter(context, "reservation", Reservation.ID.init(parsing:))
    }
}
