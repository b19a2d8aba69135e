import CContract

/// The OpenAPI document that this binary was built for, `openapi/claviger.yaml`.
public enum Contract {
    /// The document as YAML.
    public static let text = String(
        decoding: UnsafeBufferPointer(start: claviger_contract_bytes(), count: claviger_contract_size()),
        as: UTF8.self
    )
}
