import ClavigerCore

extension ChangeBy {
    /// Tells of a key that was given an end which lies behind what maintenance has looked at, and so is never met there.
    mutating func tellEnd(of key: APIKey, formerly former: Timestamp?) throws {
        guard let end = key.endsAt, end != former, end <= self.now else { return }
        let watch = try self.tx.keysWatch() ?? KeysWatch(until: self.now)
        guard watch.hasPassed(KeysWatch.Place(end, key.id)) else { return }
        // Of a key that had ended before, it is known.
        if let former, watch.hasPassed(KeysWatch.Place(former, key.id)) { return }
        try self.emit(.keyExpired, about: key)
    }
}
