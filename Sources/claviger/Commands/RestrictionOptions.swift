import ArgumentParser
import ClavigerClient
import ClavigerCore

/// From where, when and by whom a key may be used.
struct RestrictionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A network from which it may be used; can be repeated.", valueName: "address or CIDR"),
        transform: CIDR.init(parsing:)
    )
    var allowNetwork: [CIDR] = []
    @Option(
        help: ArgumentHelp("A network from which it may not be used; can be repeated.", valueName: "address or CIDR"),
        transform: CIDR.init(parsing:)
    )
    var denyNetwork: [CIDR] = []
    @Option(
        help: ArgumentHelp(
            "A page that may use it: https://app.example.com or https://*.example.com; can be repeated.",
            valueName: "origin"
        ),
        transform: OriginPattern.init(argument:)
    )
    var origin: [OriginPattern] = []
    @Option(
        help: ArgumentHelp(
            "When it may be used: \"mon-fri 08:00-18:00 Europe/Berlin\"; can be repeated.",
            valueName: TimeWindow.form
        ),
        transform: TimeWindow.init(argument:)
    )
    var timeWindow: [TimeWindow] = []
    @Option(
        help: ArgumentHelp(
            "The SHA-256 fingerprint of a client certificate that may use it; can be repeated.",
            valueName: "fingerprint"
        ),
        transform: CertificateThumbprint.init(argument:)
    )
    var clientCertificate: [CertificateThumbprint] = []
    @Option(help: ArgumentHelp("All restrictions as JSON, for long lists; - for standard input.", valueName: "file"))
    var restrictions: String?

    /// Whether an option of one kind of restriction is given.
    var isPartial: Bool {
        !(self.allowNetwork.isEmpty && self.denyNetwork.isEmpty && self.origin.isEmpty && self.timeWindow.isEmpty
            && self.clientCertificate.isEmpty)
    }

    func validate() throws {
        guard self.restrictions == nil || !self.isPartial else {
            throw ValidationError("Give --restrictions, or the options for single restrictions, not both.")
        }
    }

    /// The restrictions with every kind replaced that is given, in the API's form.
    func applied(to current: JSONObject = JSONObject()) throws -> JSONObject {
        if let restrictions { return try JSONFile.object(restrictions) }
        var result = current
        var networks = current["networks"]?.object ?? JSONObject()
        Self.set("allow", self.allowNetwork.map(\.description), &networks)
        Self.set("deny", self.denyNetwork.map(\.description), &networks)
        if !networks.isEmpty { result["networks"] = .object(networks) }
        Self.set("origins", self.origin.map(\.description), &result)
        if !self.timeWindow.isEmpty { result["timeWindows"] = .array(self.timeWindow.map(\.json)) }
        Self.set("certificateThumbprints", self.clientCertificate.map(\.text), &result)
        return result
    }

    /// What something new is restricted to.
    func fill(_ body: inout Body) throws {
        let object = try self.applied()
        if !object.isEmpty { body.set("restrictions", .object(object)) }
    }

    private static func set(_ name: String, _ values: [String], _ object: inout JSONObject) {
        if !values.isEmpty { object[name] = .array(values.map { .string($0) }) }
    }
}

/// A change of restrictions: what is given replaces all of its kind, and the other kinds stay.
struct RestrictionChanges: ParsableArguments {
    @OptionGroup var given: RestrictionOptions
    @Flag(help: "Remove the list of networks from which it may be used.") var noAllowNetworks = false
    @Flag(help: "Remove the list of networks from which it may not be used.") var noDenyNetworks = false
    @Flag(help: "Let pages of every origin use it.") var noOrigins = false
    @Flag(help: "Let it be used at every time.") var noTimeWindows = false
    @Flag(help: "Let it be used without a client certificate.") var noClientCertificates = false
    @Flag(help: "Remove all restrictions.") var noRestrictions = false

    /// Whether anything is to be changed.
    var isGiven: Bool { self.needsCurrent || self.given.restrictions != nil || self.noRestrictions }
    /// Whether the result depends on what there is now.
    var needsCurrent: Bool {
        self.given.isPartial || self.noAllowNetworks || self.noDenyNetworks || self.noOrigins || self.noTimeWindows
            || self.noClientCertificates
    }

    func validate() throws {
        try Exclusive.check([
            ("--allow-network", !self.given.allowNetwork.isEmpty, "--no-allow-networks", self.noAllowNetworks),
            ("--deny-network", !self.given.denyNetwork.isEmpty, "--no-deny-networks", self.noDenyNetworks),
            ("--origin", !self.given.origin.isEmpty, "--no-origins", self.noOrigins),
            ("--time-window", !self.given.timeWindow.isEmpty, "--no-time-windows", self.noTimeWindows),
            (
                "--client-certificate", !self.given.clientCertificate.isEmpty, "--no-client-certificates",
                self.noClientCertificates
            ),
            ("--restrictions", self.given.restrictions != nil, "--no-restrictions", self.noRestrictions),
        ])
        guard !self.needsCurrent || self.given.restrictions == nil && !self.noRestrictions else {
            throw ValidationError(
                "--restrictions and --no-restrictions replace everything: leave the options for single ones out."
            )
        }
    }

    /// The restrictions after the change, in the API's form.
    func applied(to current: JSON?) throws -> JSONObject {
        if self.noRestrictions { return JSONObject() }
        var result = current?.object ?? JSONObject()
        if var networks = result["networks"]?.object {
            if self.noAllowNetworks { networks["allow"] = nil }
            if self.noDenyNetworks { networks["deny"] = nil }
            result["networks"] = networks.isEmpty ? nil : .object(networks)
        }
        if self.noOrigins { result["origins"] = nil }
        if self.noTimeWindows { result["timeWindows"] = nil }
        if self.noClientCertificates { result["certificateThumbprints"] = nil }
        return try self.given.applied(to: result)
    }
}
