/// Finds what somebody probably meant.
enum Spelling {
    /// The nearest of some words, when it is near enough to suggest.
    static func closest(to word: String, in words: [String]) -> String? {
        let nearest = words.map { ($0, Self.distance(word.lowercased(), $0.lowercased())) }.min { $0.1 < $1.1 }
        guard let (candidate, distance) = nearest, distance <= max(1, candidate.count / 3) else { return nil }
        return candidate
    }

    /// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
    static func distance(_ first: String, _ second: String) -> Int {
        // A longer text is no typing error, and the table grows with the product.
        guard first.utf8.count <= 128, second.utf8.count <= 128 else { return .max }
        let (left, right) = (Array(first), Array(second))
        var rows = [Array(0...right.count)]
        for row in 0..<left.count {
            var next = [row + 1]
            for column in 0..<right.count {
                let same = left[row] == right[column]
                var cost = min(rows[row][column] + (same ? 0 : 1), rows[row][column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, rows[row - 1][column - 1] + 1)
                }
                next.append(cost)
            }
            rows.append(next)
        }
        return rows[left.count][right.count]
    }
}
