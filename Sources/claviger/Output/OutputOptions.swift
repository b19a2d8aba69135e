import ArgumentParser

/// How results are shown.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// For people.
    case table
    /// For programs: what the server answered, as one document.
    case json
}

/// The flags that say how results are shown.
struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Show results as a table or as JSON.", valueName: "format"))
    var output = OutputFormat.table

    @Flag(help: "Leave out notes and tables; errors, tokens and JSON are still shown.")
    var quiet = false
}
