import Testing

@testable import ClavigerMiddleware

/// RFC 9111 section 5.2.2, as far as it is needed; in doubt nothing is kept.
@Suite struct KeepingTimeTests {
    @Test(arguments: [
        ("private, max-age=10", 10), ("max-age=10", 10), ("Private,Max-Age=7", 7), (" private ,\tmax-age=1 ", 1),
        ("max-age=10, must-revalidate", 10), ("private, max-age=0", 0),
    ])
    func maximumAge(field: String, seconds: Int64) {
        #expect(KeepingTime.seconds(field) == seconds)
    }

    @Test(arguments: [
        "", "no-store", "private", "no-store, max-age=10", "max-age=10, no-store", "max-age=10, NO-CACHE",
        "max-age=10, no-cache=\"x\"", "max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=\"10\"",
        "max-age=10, max-age=20", "max-age=99999999999999999999", "s-maxage=10", "max-age=１",
    ])
    func nothing(field: String) {
        #expect(KeepingTime.seconds(field) == nil)
    }
}
