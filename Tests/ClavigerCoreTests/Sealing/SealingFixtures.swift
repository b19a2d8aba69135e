import Synchronization

@testable import ClavigerCore

/// Repeatable bytes for tests: SplitMix64 from a seed.
final class SealingRandom: RandomSource {
    private let state: Mutex<UInt64>

    init(seed: UInt64) {
        self.state = Mutex(seed)
    }

    func bytes(_ count: Int) -> [UInt8] {
        self.state.withLock { state in
            (0..<count).map { _ in
                state &+= 0x9E37_79B9_7F4A_7C15
                var value = state
                value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
                value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
                return UInt8(truncatingIfNeeded: (value ^ value >> 31) >> 24)
            }
        }
    }
}

/// Why a fixture could not be made.
struct FixtureError: Error {}

enum SealingFixtures {
    static let now = Timestamp(milliseconds: 1_795_243_200_000)

    static let context = SealingContext(
        workspace: "ws_1",
        recordType: "idempotency",
        recordID: "idem_1",
        field: "answer",
        recordVersion: 3
    )

    static func rootKey(_ fill: UInt8 = 0x42) throws -> RootKey {
        guard let key = RootKey(bytes: [UInt8](repeating: fill, count: 32)) else { throw FixtureError() }
        return key
    }

    static func keyring(seed: UInt64 = 1) throws -> Keyring {
        let rootKey = try Self.rootKey()
        let entries = Keyring.initialEntries(rootKey: rootKey, at: Self.now, from: SealingRandom(seed: seed))
        return try Keyring(rootKey: rootKey, entries: entries)
    }

    static func rotated(_ keyring: Keyring, _ purpose: KeyPurpose, seed: UInt64 = 2) throws -> Keyring {
        try keyring.adding(keyring.makeNextVersion(of: purpose, at: Self.now, from: SealingRandom(seed: seed)))
    }

    static func bytes(hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
