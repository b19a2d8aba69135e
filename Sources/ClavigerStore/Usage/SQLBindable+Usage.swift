import ClavigerCore
public import ClavigerService

// How recorded use is stored: in its binary form, because there is so much of it.

/// The 16 bytes of an id, or none.
struct IDBytes: SQLBindable, SQLReadable {
    let bits: UInt128

    init(_ bits: UInt128) {
        self.bits = bits
    }

    init<Owner>(_ id: Identifier<Owner>) {
        self.bits = id.bits
    }

    var sqlValue: SQLValue { .blob(withUnsafeBytes(of: self.bits.bigEndian) { Array($0) }) }

    init?(sqlValue: SQLValue) {
        guard case .blob(let bytes) = sqlValue, bytes.count == 16 else { return nil }
        self.bits = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }

    func id<Owner>(of: Owner.Type = Owner.self) -> Identifier<Owner> { Identifier(bits: self.bits) }
}

/// The 4 or 16 bytes of an address.
struct AddressBytes: SQLBindable, SQLReadable {
    let address: IPAddress

    init(_ address: IPAddress) {
        self.address = address
    }

    var sqlValue: SQLValue {
        switch self.address {
        case .v4(let bits): .blob(withUnsafeBytes(of: bits.bigEndian) { Array($0) })
        case .v6(let bits): .blob(withUnsafeBytes(of: bits.bigEndian) { Array($0) })
        }
    }

    init?(sqlValue: SQLValue) {
        guard case .blob(let bytes) = sqlValue else { return nil }
        switch bytes.count {
        case 4: self.address = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16: self.address = .v6(bytes.reduce(0) { $0 << 8 | UInt128($1) })
        default: return nil
        }
    }
}

/// The network that a client is counted under: an IPv4 address, the first 8 bytes of an IPv6 address, or nothing.
///
/// A household or a server has 64 bits of IPv6 addresses to itself.
struct NetworkBytes: SQLBindable, SQLReadable {
    let network: CIDR?

    /// The same from a column with an address.
    static var ofClientAddress: SQL {
        """
        CASE WHEN client_address IS NULL THEN \([UInt8]())
            WHEN length(client_address) = 16 THEN substr(client_address, 1, 8) ELSE client_address END
        """
    }

    init(_ network: CIDR?) {
        self.network = network
    }

    var sqlValue: SQLValue {
        switch self.network?.network {
        case .v4(let bits)?: .blob(withUnsafeBytes(of: bits.bigEndian) { Array($0) })
        case .v6(let bits)?: .blob(withUnsafeBytes(of: bits.bigEndian) { Array($0.prefix(8)) })
        case nil: .blob([])
        }
    }

    init?(sqlValue: SQLValue) {
        guard case .blob(let bytes) = sqlValue else { return nil }
        switch bytes.count {
        case 0: self.network = nil
        case 4:
            let address = IPAddress.v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
            self.network = try? CIDR(parsing: "\(address)/32")
        case 8:
            let address = IPAddress.v6(bytes.reduce(0) { $0 << 8 | UInt128($1) } << 64)
            self.network = try? CIDR(parsing: "\(address)/64")
        default: return nil
        }
    }
}

extension UTCDay: SQLBindable, SQLReadable {
    /// The number of the day.
    public var sqlValue: SQLValue { .integer(self.number) }

    /// Reads the number of a day.
    public init?(sqlValue: SQLValue) {
        guard case .integer(let number) = sqlValue else { return nil }
        self.init(number: number)
    }
}

/// The number of a record in the journal.
struct Sequence64: SQLBindable, SQLReadable {
    let number: UInt64

    /// Limits a number to what a column holds; a journal of that many bytes is not of this world.
    init(_ number: UInt64) {
        self.number = min(number, UInt64(Int64.max))
    }

    var sqlValue: SQLValue { .integer(Int64(self.number)) }

    init?(sqlValue: SQLValue) {
        guard case .integer(let integer) = sqlValue, let number = UInt64(exactly: integer) else { return nil }
        self.number = number
    }
}
