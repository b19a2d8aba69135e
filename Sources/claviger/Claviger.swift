import ArgumentParser
@main struct Claviger: AsyncParsableCommand { func run() async throws {} }
