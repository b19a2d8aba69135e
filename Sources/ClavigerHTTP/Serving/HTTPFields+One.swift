import HTTPTypes

extension HTTPFields {
    /// The value of a field that requests carry once; several of them are joined, as RFC 9110 section 5.2 has it.
    ///
    /// The subscript makes a new text of the one value each time, and every verification asks for three.
    func one(_ name: HTTPField.Name) -> String? {
        var value: String?
        for field in self where field.name == name {
            guard value == nil else { return self[name] }
            value = field.value
        }
        return value
    }
}
