/// An IPv4 or IPv6 address.
///
/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address: a dual-stack socket shows IPv4 peers that
/// way, and a rule written for `192.0.2.1` has to hold for them.
public enum IPAddress: Sendable, Hashable {
    /// An IPv4 address in host byte order.
    case v4(UInt32)
    /// An IPv6 address in host byte order; never an IPv4-mapped one.
    case v6(UInt128)

    /// Reads the text form of an address: dotted decimal, or RFC 4291 section 2.2.
    ///
    /// Strict: no leading zeros, no zone, no brackets, no surrounding space. Anything else is `nil`.
    public init?(parsing text: some StringProtocol) {
        let bytes = Array(text.utf8)
        if let address = Self.v4(bytes[...]) {
            self = .v4(address)
        } else if let address = Self.v6(bytes[...]) {
            self = Self.normalized(v6: address)
        } else {
            return nil
        }
    }

    /// The IPv6 address, or the IPv4 address that it maps.
    package static func normalized(v6 address: UInt128) -> IPAddress {
        address >> 32 == 0xffff ? .v4(UInt32(truncatingIfNeeded: address)) : .v6(address)
    }

    /// Whether this machine talks to itself with the address: `127.0.0.0/8` or `::1`.
    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address >> 24 == 127
        case .v6(let address): address == 1
        }
    }

    private static func v4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count <= 15 else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let octet = decimal(part, maximum: 255) else { return nil }
            address = address << 8 | UInt32(octet)
        }
        return address
    }

    private static func v6(_ bytes: ArraySlice<UInt8>) -> UInt128? {
        guard (2...45).contains(bytes.count) else { return nil }
        let colon = UInt8(ascii: ":")
        let gap = zip(bytes.indices, bytes.indices.dropFirst()).first { bytes[$0] == colon && bytes[$1] == colon }
        guard let gap else {
            guard let groups = Self.groups(bytes, mayEndInV4: true), groups.count == 8 else { return nil }
            return Self.joined(groups)
        }
        let head = bytes[..<gap.0]
        let tail = bytes[(gap.1 + 1)...]
        guard
            let left = head.isEmpty ? [] : Self.groups(head, mayEndInV4: false),
            let right = tail.isEmpty ? [] : Self.groups(tail, mayEndInV4: true),
            left.count + right.count < 8
        else { return nil }
        let zeros = [UInt16](repeating: 0, count: 8 - left.count - right.count)
        return Self.joined(left + zeros + right)
    }

    private static func joined(_ groups: [UInt16]) -> UInt128 {
        groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    private static func groups(_ bytes: ArraySlice<UInt8>, mayEndInV4: Bool) -> [UInt16]? {
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, let address = Self.v4(part) {
                groups.append(UInt16(address >> 16))
                groups.append(UInt16(truncatingIfNeeded: address))
            } else {
                guard (1...4).contains(part.count) else { return nil }
                var group: UInt16 = 0
                for byte in part {
                    guard let digit = Self.hexadecimalDigit(byte) else { return nil }
                    group = group << 4 | UInt16(digit)
                }
                groups.append(group)
            }
        }
        return groups
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// A decimal number without sign or leading zero, at most `maximum`; three digits or fewer.
    static func decimal(_ bytes: some Collection<UInt8>, maximum: Int) -> Int? {
        guard (1...3).contains(bytes.count) else { return nil }
        guard bytes.count == 1 || bytes.first != UInt8(ascii: "0") else { return nil }
        var number = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number <= maximum ? number : nil
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the canonical IPv6 text of RFC 5952.
    public var description: String {
        switch self {
        case .v4(let address):
            return stride(from: 24, through: 0, by: -8).map { String(address >> $0 & 0xff) }.joined(separator: ".")
        case .v6(let address):
            let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: address >> $0) }
            let gap = Self.longestZeroRun(groups)
            func text(_ groups: ArraySlice<UInt16>) -> String {
                groups.map { String($0, radix: 16) }.joined(separator: ":")
            }
            guard gap.count >= 2 else { return text(groups[...]) }
            return text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
        }
    }

    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<(index + 1)
            }
        }
        return longest
    }
}
