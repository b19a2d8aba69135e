/// Numbers as ECMAScript's `Number.prototype.toString` writes them, which RFC 8785 section 3.2.2.3 asks for.
enum ECMAScriptNumber {
    /// The text of a finite number.
    static func text(_ value: Double) -> String {
        if value == 0 { return "0" }
        if value < 0 { return "-" + Self.text(-value) }
        // Swift's description has the same shortest digits; only the layout differs.
        let (digits, exponent) = Self.parts(of: value.description)
        let count = digits.count
        switch exponent {
        case count...21:
            return digits + String(repeating: "0", count: exponent - count)
        case 1...21:
            return digits.prefix(exponent) + "." + digits.dropFirst(exponent)
        case -5...0:
            return "0." + String(repeating: "0", count: -exponent) + digits
        default:
            let power = exponent - 1
            let sign = power < 0 ? "-" : "+"
            let fraction = count == 1 ? "" : "." + digits.dropFirst()
            return digits.prefix(1) + fraction + "e" + sign + String(abs(power))
        }
    }

    /// Splits into significant digits `d` and exponent `n`, so that the value is `0.d × 10^n`.
    private static func parts(of description: String) -> (digits: String, exponent: Int) {
        let halves = description.split(separator: "e")
        let power = halves.count == 2 ? Int(halves[1]) ?? 0 : 0
        let mantissa = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = mantissa[0]
        let fraction = mantissa.count == 2 ? mantissa[1] : ""
        let all = whole + fraction
        let leadingZeros = all.prefix { $0 == "0" }.count
        var digits = all.dropFirst(leadingZeros)
        while digits.last == "0" { digits.removeLast() }
        return (String(digits), whole.count - leadingZeros + power)
    }
}
