import ClavigerCore
import ClavigerVerifier

/// Conditions on the entries of a day, in a query that goes through its blocks.
enum AccessLogConditions {
    /// The entries of a block, by their numbers.
    static var numbersOfBlock: SQL {
        "entries.sequence BETWEEN blocks.block * 1048576 AND blocks.block * 1048576 + 1048575"
    }

    /// Those that are requests to what the keys protect: whoever was only told of a token has made none with it, and who
    /// came to Claviger itself neither.
    static var requests: SQL {
        let others = [UsageRecord.Source.introspection, .management].map { Int64($0.rawValue) }
        return "entries.source NOT IN \(list: others)"
    }

    /// Of a workspace and a time; blocks without such a time are passed over.
    static func times(_ from: Timestamp?, _ to: Timestamp?, in workspace: Workspace.ID) -> [SQL] {
        var conditions: [SQL] = ["entries.workspace_id = \(IDBytes(workspace))"]
        if let from { conditions += ["blocks.last_at >= \(from)", "entries.at >= \(from)"] }
        if let to { conditions += ["blocks.first_at < \(to)", "entries.at < \(to)"] }
        return conditions
    }

    /// From a client in a network.
    ///
    /// Addresses are bytes in network order, so those of a network lie between its first and its last; the length
    /// keeps the two families apart.
    static func network(_ network: CIDR) -> [SQL] {
        self.addresses("entries.client_address", in: network)
    }

    /// The same of any column with addresses.
    static func addresses(_ column: SQL, in network: CIDR) -> [SQL] {
        let (last, length): (IPAddress, Int64) =
            switch network.network {
            case .v4(let bits): (.v4(bits | ~(UInt32.max << (32 - network.prefixLength))), 4)
            case .v6(let bits): (.v6(bits | ~(UInt128.max << (128 - network.prefixLength))), 16)
            }
        return [
            "length(\(sql: column)) = \(length)",
            "\(sql: column) >= \(AddressBytes(network.network))",
            "\(sql: column) <= \(AddressBytes(last))",
        ]
    }
}
