public import ClavigerCore

/// How a request names something that has an id and a unique name.
public enum Reference<Owner: Identified>: Hashable, Sendable {
    case id(Identifier<Owner>)
    case name(ResourceName)

    /// Reads an id or a name; no name looks like an id, as names have no underscore.
    public init(parsing text: String) throws(FieldError) {
        if let id = try? Identifier<Owner>(parsing: text) {
            self = .id(id)
        } else if let name = try? ResourceName(parsing: text) {
            self = .name(name)
        } else {
            throw FieldError("must be an id that begins with \(Owner.idPrefix)_, or a name")
        }
    }

    /// The text for the audit log.
    var text: String {
        switch self {
        case .id(let id): id.text
        case .name(let name): name.text
        }
    }
}

extension AuthorityReading {
    func api(_ reference: Reference<API>, in workspace: Workspace.ID) throws -> API? {
        switch reference {
        case .id(let id): try self.api(id, in: workspace)
        case .name(let name): try self.api(named: name, in: workspace)
        }
    }

    func existingAPI(_ reference: Reference<API>, in workspace: Workspace.ID) throws -> API {
        guard let api = try self.api(reference, in: workspace) else { throw Problem.notFound("api") }
        return api
    }

    func existingRole(_ reference: Reference<Role>, in workspace: Workspace.ID) throws -> Role {
        let role =
            switch reference {
            case .id(let id): try self.role(id, in: workspace)
            case .name(let name): try self.role(named: name, in: workspace)
            }
        guard let role else { throw Problem.notFound("role") }
        return role
    }

    func existingConsumer(_ id: Consumer.ID, in workspace: Workspace.ID) throws -> Consumer {
        guard let consumer = try self.consumer(id, in: workspace) else { throw Problem.notFound("consumer") }
        return consumer
    }
}
