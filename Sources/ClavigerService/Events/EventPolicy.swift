public import ClavigerCore

/// Where outgoing events may go, as the operator has configured it.
public struct EventPolicy: Hashable, Sendable {
    /// Whether `http` is allowed.
    public var allowsPlaintext: Bool
    /// Which addresses may be connected to.
    public var addresses: AddressGuard

    /// Makes a policy; by default only `https` to addresses that everybody can reach.
    public init(allowsPlaintext: Bool = false, addresses: AddressGuard = AddressGuard()) {
        self.allowsPlaintext = allowsPlaintext
        self.addresses = addresses
    }

    /// Why a URL is refused before anything is connected to; nil when it is not.
    ///
    /// Names are looked up at each delivery: what one leads to now says nothing about then.
    func refusal(of url: WebhookURL) -> String? {
        if !url.isEncrypted, !self.allowsPlaintext {
            return "must begin with https://, unless events.allowPlaintext is set in the configuration"
        }
        if let address = url.address, !self.addresses.allows(address) {
            return "must not be an address of a private or special network, unless events.allowNetworks has it"
        }
        return nil
    }
}
