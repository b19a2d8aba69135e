/// The place that a sealed value belongs to.
///
/// It opens nowhere else.
public struct SealingContext: Hashable, Sendable {
    /// The text of the workspace's id.
    public var workspace: String
    /// What kind of record it is, for example `idempotency`.
    public var recordType: String
    /// The record's id.
    public var recordID: String
    /// The field of the record.
    public var field: String
    /// The version of the record, where it has one: then an older value of the same field cannot be put back.
    public var recordVersion: Int64

    /// Makes a place.
    public init(workspace: String, recordType: String, recordID: String, field: String, recordVersion: Int64 = 0) {
        self.workspace = workspace
        self.recordType = recordType
        self.recordID = recordID
        self.field = field
        self.recordVersion = recordVersion
    }

    /// The associated data: every part with its length before it, so that no two places encode alike.
    func associatedData(keyVersion: UInt32) -> [UInt8] {
        var data = LengthPrefixed()
        data.append("claviger/sealed/v1".utf8)
        data.append(self.workspace.utf8)
        data.append(self.recordType.utf8)
        data.append(self.recordID.utf8)
        data.append(self.field.utf8)
        data.append(bigEndian(UInt64(bitPattern: self.recordVersion)))
        data.append(bigEndian(keyVersion))
        return data.bytes
    }
}

/// Parts joined so that their borders stay visible: each after its length in four bytes.
struct LengthPrefixed {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ part: some Collection<UInt8>) {
        self.bytes.append(contentsOf: bigEndian(UInt32(part.count)))
        self.bytes.append(contentsOf: part)
    }
}

/// The bytes of a number, most significant first.
func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}
