/// Everything that is wrong with the configuration, found in one go.
struct ConfigurationProblems: Error, Hashable {
    /// One thing that is wrong.
    struct Problem: Hashable {
        /// The file with its line, the environment variable or the flag.
        var place: String
        /// What is wrong there, and what is allowed.
        ///
        /// Never repeats a value.
        var message: String
    }

    var problems: [Problem]
}

extension ConfigurationProblems: CustomStringConvertible {
    /// One line for each problem.
    var description: String {
        guard self.problems.count != 1 else { return self.problems.map(Self.line).joined() }
        let lines = self.problems.map { "  \(Self.line($0))" }
        return (["The configuration has \(self.problems.count) problems:"] + lines).joined(separator: "\n")
    }

    private static func line(_ problem: Problem) -> String {
        "\(problem.place): \(problem.message)"
    }
}
