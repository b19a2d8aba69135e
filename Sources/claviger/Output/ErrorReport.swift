import ArgumentParser
import ClavigerClient
import ClavigerCore
import ClavigerGateway
import ClavigerHTTP
import ClavigerService
import ClavigerStore
import ClavigerWitness

/// Turns any error of a command into what the person sees and the exit code.
///
/// The one place that does.
struct ErrorReport: Hashable {
    var status: Int32
    /// For standard error, or for standard output when the status is 0 (help and version are "errors" of the parser).
    var text: String

    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure:
            self.init(failure)
        case let error as ClientError:
            self.init(Self.failure(for: error))
        case let problems as ConfigurationProblems:
            self.init(.usage("\(problems)"))
        case let error as DatabaseError:
            self.init(.refused("\(error)"))
        case let error as RootKeyProviderError:
            self.init(.usage("\(error)"))
        case let error as ListenRefusal:
            self.init(.usage("\(error)"))
        case let error as TLSFileError:
            self.init(.usage("\(error)"))
        case let error as ClientAuthoritiesError:
            self.init(.usage("\(error)"))
        case let error as ReverseProxy.StartFailure:
            self.init(.usage("\(error)"))
        case let error as StartFailure:
            self.init(.refused("\(error)"))
        case let error as WitnessStoreError:
            self.init(.refused("\(error)"))
        case let error as KeyringError:
            self.init(.refused(Self.explanation(of: error)))
        case StoreFailure.unavailable(let cause), StoreFailure.duplicate(let cause), StoreFailure.broken(let cause),
            StoreFailure.damaged(let cause):
            self.init(.refused(cause))
        default:
            let code = Claviger.exitCode(for: error)
            // EX_USAGE is what the parser gives; ours are few and documented.
            self.init(
                status: code == .validationFailure ? ExitStatus.usage.rawValue : code.rawValue,
                text: error is ExitCode ? "" : Claviger.fullMessage(for: error).printableLines
            )
        }
    }

    private init(status: Int32, text: String) {
        self.status = status
        self.text = text
    }

    private init(_ failure: CommandFailure) {
        self.init(status: failure.status.rawValue, text: "\(failure)")
    }

    private static func explanation(of error: KeyringError) -> String {
        switch error {
        case .wrongRootKey:
            """
            The root key is not the one that this database was made with. Nothing was changed. Give the right one \
            (sealing.provider, sealing.file, CLAVIGER_ROOT_KEY or the passphrase).
            """
        default:
            "The keyring in the database cannot be used (\(error)). Restore a backup with `claviger restore`."
        }
    }

    private static func failure(for error: ClientError) -> CommandFailure {
        switch error {
        case .invalidSettings(let message):
            return .usage(message)
        case .insecure:
            return .usage("\(error) Use https, or allow it with --insecure-http.")
        case .unreachable(let url, _):
            let hint =
                url.isLoopback
                ? "Start one with `claviger serve`, or name another with --url or CLAVIGER_URL."
                : "Check the address (--url, CLAVIGER_URL or the profile) and the network."
            return CommandFailure(status: .unreachable, message: "\("\(error)".printable) \(hint)")
        case .interrupted:
            return CommandFailure(
                status: .unreachable,
                message: "\(error) Do not use what was written; try again.".printable
            )
        case .unexpected:
            return .refused("\(error) Check the address (--url, CLAVIGER_URL or the profile).".printable)
        case .refused(let problem):
            return Self.failure(for: problem)
        }
    }

    private static func failure(for problem: ClientProblem) -> CommandFailure {
        var failure = CommandFailure.refused(problem.detail.printable)
        failure.details = problem.errors.map { violation in
            let place = violation.pointer.isEmpty ? "body" : violation.pointer
            let policy = violation.policy.map { ", policy \($0)" } ?? ""
            let rule = violation.rule.map { " (rule \($0)\(policy))" } ?? ""
            return "\(place): \(violation.message)\(rule)".printable
        }
        if problem.status == 401 {
            failure.details.append("The management key comes from --token-file, CLAVIGER_TOKEN or the profile.")
        }
        if let scope = problem.neededScope, !problem.detail.contains(scope) {
            failure.details.append("needed scope: \(scope)".printable)
        }
        if let id = problem.requestID { failure.details.append("request id: \(id)".printable) }
        return failure
    }
}
