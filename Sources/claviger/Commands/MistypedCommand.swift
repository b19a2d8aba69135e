import ArgumentParser

/// Finds the word in the arguments that should have been a command; the parser only calls it unexpected.
enum MistypedCommand {
    /// The sentence about it, or nil when something else is wrong.
    static func failure(in arguments: [String]) -> CommandFailure? {
        var command: any ParsableCommand.Type = Claviger.self
        var path = "claviger"
        for word in arguments {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let next = subcommands.first(where: { Self.name(of: $0) == word }) else {
                let names = subcommands.map { Self.name(of: $0) }
                let guess = Spelling.closest(to: word, in: names).map { "Did you mean `\(path) \($0)`?" }
                return .usage(
                    "There is no command `\(path) \(word.printable)`. "
                        + (guess ?? "There are \(names.joined(separator: ", ")).")
                )
            }
            command = next
            path += " " + word
        }
        return nil
    }

    /// The name of a command as it is typed.
    static func name(of command: any ParsableCommand.Type) -> String {
        // Without a name of its own, a command has that of its type, in lower case: they are all one word.
        command.configuration.commandName ?? String(describing: command).lowercased()
    }
}
