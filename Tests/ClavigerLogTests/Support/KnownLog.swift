import Testing

@testable import ClavigerLog

/// A small log that Tessera, another implementation, has written, and the key that it signed with.
enum KnownLog {
    static let entries = [
        "one", "two", "three", "four", "five", "six", "seven", "eit", "nain", "ten", "ileven", "twelf", "threeten",
        "fourten", "fivten",
    ].map { Array($0.utf8) }

    static let name = "example.com/log/testdata"
    static let signerKey = "PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"

    static func signer() throws -> NoteSigner { try NoteSigner(parsing: Self.signerKey) }
    static func origin() throws -> NoteLine { try #require(NoteLine(Self.name)) }

    /// The signed checkpoint of a size, made here.
    static func note(size: Int) throws -> SignedNote {
        var head = TreeHead()
        for entry in Self.entries.prefix(size) { head.append(.leaf(entry)) }
        return try Checkpoint(origin: try Self.origin(), head: head).signed(by: try Self.signer())
    }

    /// Some of what Tessera wrote; ../shared/vectors has the rest.
    static let checkpoints = [
        0: """
        example.com/log/testdata
        0
        47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

        — example.com/log/testdata M9e0lhxJACzE1KoUdqKuPa+9p6R7dSW8BlEvrg/noo8FkGg6PbJoRNOcdjqjOq89wVvTA60eubCc4oufo5BvIVEgtQc=

        """,
        1: """
        example.com/log/testdata
        1
        0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=

        — example.com/log/testdata M9e0lhr9kuLxGdAtaUrhm84TQffVsLdcy808sN0a3WyniNlfcr9+bywoiIke1YYciCNjJGkCgIlQ8b16jhsmg/SChAM=

        """,
        7: """
        example.com/log/testdata
        7
        IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=

        — example.com/log/testdata M9e0luA5JhTRUki/BBQD0QNiH6AEJ2pdtsA5CQjqJErViuuKrN6513RCTL2640wXJv0dCed3neRGI6dMzBq9uANf2Qc=

        """,
        15: """
        example.com/log/testdata
        15
        rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=

        — example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=

        """,
    ]

    static let tile3 =
        "d0d7360ab79f58ab1e1e3fe64ad77e2ea0bc07e36b5f46ed2223edd9298df9e9"
        + "ab1ab7f07c7c8fe0eff4ba6faa53c7e4412e91a599153e8aa4e01beece5b7825"
        + "671f146c5e471e8a1a83a3c214ce4ba907b8f3a5888d14cc8cd3ce75bb12ef94"

    static let bundle3 = "00036f6e65" + "000374776f" + "00057468726565"
}
