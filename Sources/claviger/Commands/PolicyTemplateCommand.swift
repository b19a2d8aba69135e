import ArgumentParser

/// The command `claviger policy template`.
struct PolicyTemplateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template",
        abstract: "Print a policy with every rule and what it means, to begin with.",
        discussion: "Example:\n  claviger policy template > production.yaml"
    )

    func run() {
        Console.out(Self.text)
    }

    /// A policy that can be given as it is, where there is an api `payments`.
    static let text = """
        # A policy says what the keys of some apis and environments must be like. Everything but appliesTo can be left
        # out; what is left out asks for nothing. Of several policies for the same keys, each has to be met.
        #
        #   claviger policy diff production production.yaml   shows what it would mean for the keys that are there
        #   claviger policy set production production.yaml    applies it
        #   claviger policy check                             lists the keys in breach

        description: Keys of production

        # Without apis, all of them but claviger, the api of management keys; without environments, all of them.
        appliesTo:
          apis: [payments]
          environments: [production]

        # A key's name has one of these shapes. ? is any character, * any run of them, [a-z] one of a set; behind a set,
        # + means one or more, {4} four and {2,8} two to eight. A backslash takes the meaning away.
        name:
          patterns: ["svc-[a-z0-9-]+", "team-[a-z]{2,8} *"]

        # What the metadata must have; a value can be one of a list, or of a shape.
        metadata:
          required:
            - name: team
            - name: tier
              values: [gold, silver]
            - name: ticket
              pattern: "OPS-[0-9]{1,6}"

        # Who may own keys: user, service, customer.
        owners:
          kinds: [service, customer]

        # Scopes, those of roles included: which there may be, which there must be, how many (most), whether with * at
        # all (wildcards), and how many segments stand before the first * (wildcardDepth).
        scopes:
          allowed: ["invoices.*", "refunds.create"]
          most: 10
          wildcardDepth: 1

        # Kinds of restrictions that a key must have: networks, origins, timeWindows, certificateThumbprints; and the
        # widest networks.
        restrictions:
          required: [networks]
          ipv4Prefix: 24
          ipv6Prefix: 48

        # How long a key lives. The maximum counts from when it was made and reaches keys that are there already.
        lifetime:
          default: 90d
          maximum: 365d
          mustExpire: true

        # A new credential so often. remind: people are told; holder: the holder rotates within the window, or the key is
        # suspended; enforce: the credential ends.
        rotation:
          every: 90d
          mode: remind
          window: 14d
          maximumGrace: 7d
          mostLiveCredentials: 2
          holderMayRotate: true

        # What becomes of keys that nobody uses. Exemptions name a key and an end:
        #   exemptions: [{keyId: key_…, until: 2027-01-31T00:00:00Z, reason: yearly report}]
        inactivity:
          neverUsed: {remind: 14d, revoke: 30d}
          idle: {remind: 60d, suspend: 90d, revoke: 180d}

        # How many have to agree to a key that somebody asks for, and what they need for it.
        approvals:
          quorum: 1
          approverScope: requests.approve

        # What a key gets that does not say it itself.
        template:
          scopes: [invoices.read]
          metadata: {team: billing, tier: silver, ticket: OPS-1}
          lifetime: 90d
        """
}
