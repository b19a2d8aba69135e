import ClavigerLog
import Testing

@testable import ClavigerWitness

@Suite struct KnownLogsTests {
}
