extension StringProtocol {
    /// The text with everything escaped that could drive a terminal or disguise itself.
    ///
    /// Names and metadata come from many hands, and a terminal obeys control sequences in what it shows. Control
    /// characters (C0, C1, delete), line and paragraph separators and the invisible characters that change the
    /// direction of text are shown as `\u{…}`; unassigned and private ones too.
    var printable: String {
        guard self.unicodeScalars.contains(where: { !$0.isPlain }) else { return String(self) }
        var result = ""
        for scalar in self.unicodeScalars {
            if scalar.isPlain {
                result.unicodeScalars.append(scalar)
            } else {
                switch scalar {
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                default: result += "\\u{\(String(scalar.value, radix: 16))}"
                }
            }
        }
        return result
    }
}

extension String {
    /// The text made safe for a terminal with its lines as they are.
    var printableLines: String {
        self.split(separator: "\n", omittingEmptySubsequences: false).map(\.printable).joined(separator: "\n")
    }
}

extension Unicode.Scalar {
    /// Whether a terminal shows the character and does nothing else.
    var isPlain: Bool {
        if self.isASCII { return self.value >= 0x20 && self.value != 0x7F }
        switch self.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: return false
        default: return true
        }
    }
}
