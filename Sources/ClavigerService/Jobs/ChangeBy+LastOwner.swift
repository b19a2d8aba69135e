import ClavigerCore

extension ChangeBy {
    /// Whether a management key may do everything, and there is no other such key that can be used and does not expire.
    func isLastOwner(_ key: APIKey) throws -> Bool {
        guard let api = try self.tx.api(key.apiID, in: self.workspaceID), api.isManagement else { return false }
        let everything = try Scope(parsing: "*")
        guard try self.tx.granted(to: key).covers(everything) else { return false }
        return try !self.hasOther(than: key, api)
    }

    private func hasOther(than key: APIKey, _ api: API) throws -> Bool {
        var filter = KeyFilter()
        filter.api = api.id
        filter.state = .active
        var after: String?
        repeat {
            let page = try self.tx.keys(
                filter,
                in: self.workspaceID,
                page: PageRequest(after: after, limit: 200),
                at: self.now
            )
            after = page.count == 200 ? page.last?.id.text : nil
            if try page.contains(where: { try $0.id != key.id && self.tx.isOwnerForGood($0, at: self.now) }) {
                return true
            }
        } while after != nil
        return false
    }
}
