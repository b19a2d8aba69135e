import ClavigerCore
public import Hummingbird

/// Lets only keys with some scopes on, behind a ``ClavigerAuthentication`` that has verified them.
///
/// For parts of an app that need more than the rest of it. It asks nobody: the scopes are those of the verdict.
///
///     router.add(middleware: ClavigerAuthentication(client: client, api: "payments", environment: "production"))
///     router.get("invoices") { … }
///     router.group("refunds").add(middleware: ClavigerScopeCheck("refunds.create")).post { … }
///
/// A second `ClavigerAuthentication` inside of the first one would find no key: the first one takes it away.
public struct ClavigerScopeCheck<Context: ClavigerRequestContext>: RouterMiddleware {
    private let scopes: ClavigerScopes

    /// Makes a check for scopes.
    public init(_ scopes: ClavigerScopes) {
        self.scopes = scopes
    }

    /// Answers 403 unless the identity has the scopes, and 401 where there is none.
    public func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let identity = context.claviger else { return Refusal.keyMissing.response(to: request, context) }
        guard identity.fulfils(self.scopes) else {
            return Refusal.scopeMissing(identity.missing(for: self.scopes).first?.text).response(to: request, context)
        }
        return try await next(request, context)
    }
}
