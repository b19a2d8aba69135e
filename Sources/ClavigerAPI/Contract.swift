/// The OpenAPI document that this binary was built for, `openapi/claviger.yaml`.
public enum Contract {
    /// The document as YAML.
    public static let text = String(decoding: PackageResources.claviger_yaml, as: UTF8.self)
}
