import ArgumentParser

/// Whether a change may be made without asking.
struct ConfirmationOptions: ParsableArguments {
    @Flag(help: "Do not ask; needed where nobody can be asked, as in a script.")
    var yes = false

    /// Asks the person at the terminal, unless it was answered before.
    ///
    /// - Parameter question: what is going to happen, for a person.
    /// - Throws: when the answer is no, or there is nobody to ask.
    func confirm(_ question: String) throws(CommandFailure) {
        guard !self.yes else { return }
        guard Console.canAsk else {
            throw .usage("Nobody can be asked here. If you are sure, give --yes.")
        }
        Console.error("\(question) [y/N]")
        guard Self.isYes(readLine() ?? "") else { throw .refused("Nothing was changed.") }
    }

    /// Only a clear yes is one.
    static func isYes(_ answer: String) -> Bool {
        ["y", "yes"].contains(answer.lowercased())
    }
}
