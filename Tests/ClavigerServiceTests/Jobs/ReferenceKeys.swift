/// What becomes of keys by the documented rules (docs/guides/lifecycle.md), computed in the plainest way there is: all
/// keys, all rules, hour by hour, with numbers of milliseconds and none of the code that is tested.
struct ReferenceKeys {
    static let day: Int64 = 86_400_000

    struct Rotation {
        var every: Int64
        var window: Int64
        /// `remind`, `holder` or `enforce`.
        var mode: String
    }

    struct Steps {
        var remind: Int64?
        var suspend: Int64?
        var revoke: Int64?
    }

    struct Place {
        var rotation: Rotation?
        var neverUsed: Steps?
        var idle: Steps?
        var maximum: Int64?
        /// When its policies were last changed.
        var ruled: Int64 = 0
    }

    struct Key {
        var place: Int
        var consumer: Int
        var created: Int64
        var credential: Int64
        var notBefore: Int64?
        var state = "active"
        var reason = ""
        var stateAt: Int64?
        var byPerson = false
        var expires: Int64?
        var rotateBy: Int64?
        var lastUse: Int64?
        var exemptUntil: Int64 = 0
        // What was told.
        var toldDue: Int64?
        var toldRank = 0
        var revived: Int64?
        var unusedSince: Int64?
        var unusedToldAt: Int64 = 0
    }

    struct Event: Hashable, Comparable {
        var at: Int64
        var key: Int
        var text: String

        static func < (left: Self, right: Self) -> Bool {
            (left.at, left.key, left.text) < (right.at, right.key, right.text)
        }
    }

    var places: [Place]
    var keys: [Key] = []
    var events: [Event] = []
    var lastTick: Int64

    func end(_ key: Key) -> Int64? {
        var ends: [Int64] = []
        if let expires = key.expires { ends.append(expires) }
        if let maximum = self.places[key.place].maximum { ends.append(key.created + maximum) }
        return ends.min()
    }

    func isUsable(_ key: Key, _ now: Int64) -> Bool {
        guard key.state == "active" else { return false }
        if let begin = key.notBefore, now < begin { return false }
        guard let end = self.end(key) else { return true }
        return now < end
    }

    // MARK: What people and programs do

    mutating func use(_ index: Int, _ now: Int64) {
        if self.isUsable(self.keys[index], now) { self.keys[index].lastUse = now }
    }

    mutating func rotate(_ index: Int, _ now: Int64) {
        guard self.isUsable(self.keys[index], now) else { return }
        self.keys[index].credential = now
        self.keys[index].rotateBy = nil
        self.events.append(Event(at: now, key: index, text: "key.rotated"))
    }

    mutating func resume(_ index: Int, _ now: Int64) {
        guard self.keys[index].state == "suspended" else { return }
        self.change(index, "active", "other", now, "key.resumed", byPerson: true)
    }

    mutating func expire(_ index: Int, at moment: Int64, _ now: Int64) {
        guard ["active", "suspended"].contains(self.keys[index].state) else { return }
        if let end = self.end(self.keys[index]), end <= now { self.keys[index].revived = now }
        self.keys[index].expires = moment
    }

    mutating func requireRotation(of consumer: Int, within time: Int64, _ now: Int64) {
        for index in self.keys.indices where self.keys[index].consumer == consumer {
            let key = self.keys[index]
            guard key.state == "active" || key.state == "suspended" else { continue }
            if let end = self.end(key), end <= now { continue }
            if let asked = key.rotateBy, asked <= now + time { continue }
            self.keys[index].rotateBy = now + time
        }
    }

    // MARK: What time does

    mutating func tick(_ now: Int64) {
        for index in self.keys.indices {
            self.tellEnd(index, now)
            self.watchRotation(index, now)
            self.watchUse(index, now)
        }
        self.lastTick = now
    }

    private mutating func change(
        _ index: Int,
        _ state: String,
        _ reason: String,
        _ now: Int64,
        _ event: String,
        byPerson: Bool = false
    ) {
        self.keys[index].state = state
        self.keys[index].reason = reason
        self.keys[index].stateAt = now
        self.keys[index].byPerson = byPerson
        self.events.append(Event(at: now, key: index, text: event))
    }

    private mutating func tellEnd(_ index: Int, _ now: Int64) {
        let key = self.keys[index]
        guard key.state == "active" || key.state == "suspended", let end = self.end(key) else { return }
        if self.lastTick < end, end <= now { self.events.append(Event(at: now, key: index, text: "key.expired")) }
        guard now < end else { return }
        for days in [30, 7, 1] as [Int64] {
            let moment = end - days * Self.day
            if self.lastTick < moment, moment <= now {
                self.events.append(Event(at: now, key: index, text: "key.expiring \(days)"))
            }
        }
    }

    private mutating func watchRotation(_ index: Int, _ now: Int64) {
        let key = self.keys[index]
        guard key.state == "active" else { return }
        if let end = self.end(key), end <= now { return }
        let resumed = key.byPerson && key.state == "active" ? key.stateAt : nil
        let rule = self.places[key.place].rotation

        var byPolicy: Int64?
        if let rule {
            var due = key.credential + rule.every
            for moment in [self.places[key.place].ruled, key.notBefore, resumed, key.revived] {
                guard let moment, key.credential < moment, due < moment + Self.day else { continue }
                due = moment + Self.day
            }
            byPolicy = due
        }
        var asked = key.rotateBy
        if let by = key.rotateBy, let resumed, by <= resumed { asked = resumed + Self.day }

        let due: Int64
        let isAsked: Bool
        switch (byPolicy, asked) {
        case (nil, nil): return
        case (let policy?, nil): (due, isAsked) = (policy, false)
        case (nil, let asked?): (due, isAsked) = (asked, true)
        case (_?, let asked?) where rule?.mode == "remind": (due, isAsked) = (asked, true)
        case (let policy?, let asked?): (due, isAsked) = asked <= policy ? (asked, true) : (policy, false)
        }

        if due <= now, isAsked || rule?.mode == "holder" {
            self.change(index, "suspended", "rotation_overdue", now, "key.suspended")
            return
        }
        if due <= now, rule?.mode == "enforce" {
            self.keys[index].expires = due
            self.events.append(Event(at: now, key: index, text: "key.expired"))
            return
        }
        let window = isAsked ? Int64.max : rule?.window ?? 0
        var rank = 0
        if isAsked || due - window <= now { rank = 1 }
        if window >= 7 * Self.day, due - 7 * Self.day <= now { rank = 2 }
        if window >= Self.day, due - Self.day <= now { rank = 3 }
        if due <= now { rank = 4 }
        let known = key.toldDue == due ? key.toldRank : 0
        guard rank > known else { return }
        self.keys[index].toldDue = due
        self.keys[index].toldRank = rank
        self.events.append(Event(at: now, key: index, text: "key.rotation_due \(due) \(due <= now)"))
    }

    private mutating func watchUse(_ index: Int, _ now: Int64) {
        let key = self.keys[index]
        let place = self.places[key.place]
        guard now >= key.exemptUntil, var steps = key.lastUse == nil ? place.neverUsed : place.idle else { return }
        if let end = self.end(key), end <= now { return }
        var since = key.lastUse ?? max(key.created, key.notBefore ?? 0)
        if key.state == "active", key.byPerson, let resumed = key.stateAt { since = max(since, resumed) }
        if let revived = key.revived { since = max(since, revived) }
        let changed = max(place.ruled, key.exemptUntil)
        let spared = since < changed ? changed + Self.day : 0
        if steps.remind == nil, steps.suspend == nil, let revoke = steps.revoke { steps.remind = revoke - Self.day }

        if key.state == "suspended", key.reason == "unused", !key.byPerson, let suspended = key.stateAt {
            guard let revoke = steps.revoke else { return }
            var moment = max(since + revoke, spared)
            if let suspend = steps.suspend { moment = max(moment, suspended + revoke - suspend) }
            if moment <= now { self.change(index, "revoked", "unused", now, "key.revoked") }
            return
        }
        guard key.state == "active" else { return }
        if let suspend = steps.suspend, since + suspend <= now, spared <= now {
            self.change(index, "suspended", "unused", now, "key.suspended")
            return
        }
        let isTold = key.unusedSince == since
        if let remind = steps.remind, !isTold {
            guard since + remind <= now else { return }
            self.keys[index].unusedSince = since
            self.keys[index].unusedToldAt = now
            self.events.append(Event(at: now, key: index, text: "key.unused \(since)"))
            return
        }
        guard steps.suspend == nil, let revoke = steps.revoke else { return }
        var moment = max(since + revoke, spared)
        if let remind = steps.remind { moment = max(moment, key.unusedToldAt + revoke - remind) }
        if moment <= now { self.change(index, "revoked", "unused", now, "key.revoked") }
    }
}
