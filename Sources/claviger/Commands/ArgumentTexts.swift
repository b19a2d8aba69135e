import ArgumentParser
import ClavigerCore

/// An environment and the tags of its tokens, as `NAME:TAG` or `NAME:TAG:TAG OF PUBLISHABLE KEYS`.
struct EnvironmentArgument: ExpressibleByArgument {
    let name: String
    let tag: String
    let publishableTag: String?

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.name = parts[0]
        self.tag = parts[1]
        self.publishableTag = parts.count == 3 ? parts[2] : nil
    }

    var json: JSON {
        [
            "name": .string(self.name), "tag": .string(self.tag),
            "publishableTag": self.publishableTag.map { .string($0) },
        ]
    }
}

/// A scope of a catalogue with an optional description, as `NAME` or `NAME=DESCRIPTION`.
struct CatalogueArgument: ExpressibleByArgument {
    let name: String
    let description: String?

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, !name.isEmpty else { return nil }
        self.name = name
        self.description = parts.count == 2 ? parts[1] : nil
    }

    func json(isPublishable: Bool) -> JSON {
        [
            "name": .string(self.name), "description": self.description.map { .string($0) },
            "publishable": isPublishable ? true : nil,
        ]
    }
}

/// A JSON object, such as metadata.
struct ObjectArgument: ExpressibleByArgument {
    let json: JSON

    init?(argument: String) {
        guard let json = try? JSON.parse(Array(argument.utf8)), json.object != nil else { return nil }
        self.json = json
    }
}

/// A moment: RFC 3339, or a time from now such as `90d`; of what has been, a time ago.
enum MomentArgument: ExpressibleByArgument, Equatable {
    case at(Timestamp)
    case fromNow(Duration)

    init?(argument: String) {
        if let moment = try? Timestamp(parsing: argument) {
            self = .at(moment)
        } else if let duration = try? DurationText.parse(argument) {
            self = .fromNow(duration)
        } else {
            return nil
        }
    }

    /// The moment as the API wants it.
    func text(_ time: some TimeSource = SystemTime()) -> String {
        switch self {
        case .at(let moment): moment.text
        case .fromNow(let duration): (time.now() + duration).text
        }
    }

    /// The moment in what has been.
    func past(_ time: some TimeSource = SystemTime()) -> Timestamp {
        switch self {
        case .at(let moment): moment
        case .fromNow(let duration): time.now() - duration
        }
    }
}
