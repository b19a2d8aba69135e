import ArgumentParser
import ClavigerCore

/// That a key is needed at once, whatever approval it needs.
struct BreakGlassOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Make it at once, without approval; say why.", valueName: "text"))
    var breakGlass: String?
    @Option(help: ArgumentHelp("With --break-glass: when it ends, in at most 24h.", valueName: "moment"))
    var until: MomentArgument?

    func validate() throws {
        guard (self.breakGlass == nil) == (self.until == nil) else {
            throw ValidationError("Give --break-glass and --until together.")
        }
    }

    var json: JSON? {
        self.breakGlass.map { ["reason": .string($0), "until": self.until.map { .string($0.text()) }] }
    }
}

/// Why a key is asked for, when it is asked for.
struct RequestReasonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What the key is for.", valueName: "text")) var purpose: String?
    @Option(help: ArgumentHelp("Why it is needed.", valueName: "text")) var justification: String?
    @Option(help: ArgumentHelp("The system that will use it.", valueName: "text")) var system: String?
    @Option(help: ArgumentHelp("A kind of data that it reaches; can be repeated.", valueName: "text"))
    var dataClass: [String] = []
    @Option(help: ArgumentHelp("Where it is written down.", valueName: "text")) var ticket: String?

    func fill(_ body: inout Body) {
        body.set("purpose", self.purpose)
        body.set("justification", self.justification)
        body.set("system", self.system)
        body.set("dataClasses", list: self.dataClass)
        body.set("ticket", self.ticket)
    }
}

/// What every decision about a request takes.
struct RequestDecisionOptions: ParsableArguments {
    @Argument(help: "The id of the request.") var request: String
    @Option(help: ArgumentHelp("A word about it.", valueName: "text")) var comment: String?
    @OptionGroup var creation: CreationOptions
}
