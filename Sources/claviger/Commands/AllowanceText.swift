import ClavigerCore

// What the API says about allowances and restrictions, as it is written on the command line.

extension JSON {
    /// A rate limit as `--limit` takes it.
    var limitText: String {
        let text = "\(self.text("name"))=\(self.text("requests"))/\(self.text("window"))"
        return self["burst"] == nil ? text : text + ",\(self.text("algorithm")),burst=\(self.text("burst"))"
    }

    /// Credits as `--credits` takes them.
    var creditsText: String {
        guard let refill = self["refill"] else { return self.text("amount") }
        var text = "\(refill.text("amount"))/\(refill.text("every"))"
        if refill["mode"]?.string != "replace" { text += ",\(refill.text("mode"))" }
        if let cap = refill["cap"] { text += ",cap=\(cap.cell)" }
        if self["amount"] != refill["amount"] { text += ",first=\(self.text("amount"))" }
        if let zone = refill["timeZone"]?.string, zone != "UTC" { text += ",timeZone=\(zone)" }
        return text
    }

    /// A time window as `--time-window` takes it.
    var timeWindowText: String {
        "\(self.daysText) \(self.text("from"))-\(self.text("to")) \(self.text("timeZone"))"
    }

    /// Days of the week with three and more in a row put together.
    private var daysText: String {
        let week = Weekday.allCases.map(\.text)
        let days = Set(self["days"]?.array?.compactMap(\.string) ?? [])
        var parts: [String] = []
        var run: [String] = []
        for day in week + [""] {
            if days.contains(day) {
                run.append(day)
            } else {
                parts += run.count > 2 ? ["\(run[0])-\(run[run.count - 1])"] : run
                run = []
            }
        }
        return parts.joined(separator: ",")
    }

    /// The elements of a list; of a long one, the first.
    fileprivate func listed(_ name: String, atMost limit: Int = 20) -> String {
        let elements = self[name]?.array ?? []
        let shown = elements.prefix(limit).map(\.cell).joined(separator: " ")
        return elements.count > limit ? "\(shown) and \(elements.count - limit) more" : shown
    }
}

extension FieldList {
    /// Adds a list, an element a line.
    mutating func add(_ name: String, lines: [String]) {
        for (index, line) in lines.enumerated() { self.add(index == 0 ? name : "", line) }
    }

    /// Adds limits, credits and plan of whatever has them.
    mutating func addAllowance(_ json: JSON) {
        self.add("limits", lines: (json["limits"]?.array ?? []).map(\.limitText))
        self.add("credits", json["credits"]?.creditsText)
        self.add("plan", json.text("planId"))
    }

    /// Adds restrictions; the names of the fields begin with `prefix`.
    mutating func addRestrictions(_ json: JSON?, prefix: String = "") {
        guard let json else { return }
        let networks = json["networks"] ?? .null
        self.add("\(prefix)from networks", networks.listed("allow"))
        self.add("\(prefix)not from networks", networks.listed("deny"))
        self.add("\(prefix)from origins", json.listed("origins"))
        self.add("\(prefix)at times", lines: (json["timeWindows"]?.array ?? []).map(\.timeWindowText))
        self.add("\(prefix)with certificates", json.listed("certificateThumbprints"))
    }
}
