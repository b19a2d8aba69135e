import ClavigerCore
import Foundation
import Logging

/// Log lines as JSON objects on standard error, one a line.
struct JSONLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    private let label: String
    private let time: any TimeSource

    init(label: String, time: any TimeSource) {
        self.label = label
        self.time = time
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = JSONObject([
            ("time", .string(self.time.now().text)), ("level", .string(event.level.rawValue)),
            ("label", .string(self.label)), ("message", .string("\(event.message)")),
        ])
        for (key, value) in self.metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            line[key] = .string("\(value)")
        }
        FileHandle.standardError.write(Data(JSON.object(line).serialized() + [UInt8(ascii: "\n")]))
    }
}
