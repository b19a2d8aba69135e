import ArgumentParser
import ClavigerCore
import ClavigerTestSupport
import Testing

@testable import claviger

/// Limits, credits and time windows as they are typed and shown.
@Suite struct FormedTextTests {
    private func message(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ValidationError)?.message ?? "\(error)"
        }
    }

    @Test(arguments: [
        ("burst=100/1m", "burst=100/1m"), ("perDay=5000/24h", "perDay=5000/1d"),
        ("burst=100/1m,slidingWindow", "burst=100/1m"),
        ("burst=100/1m,tokenBucket", "burst=100/1m,tokenBucket,burst=100"),
        ("burst=100/1m,tokenBucket,burst=20", "burst=100/1m,tokenBucket,burst=20"),
        ("burst=100/1m,burst=20", "burst=100/1m,tokenBucket,burst=20"),
    ])
    func aLimitIsShownAsItIsTyped(typed: String, shown: String) throws {
        let limit = try RateLimit(argument: typed)
        #expect(limit.json.limitText == shown)
        #expect(try RateLimit(argument: limit.json.limitText) == limit)
    }

    @Test(arguments: [
        ("", "write name=requests/window"), ("burst", "write name=requests/window"),
        ("burst=100", "write name=requests/window"), ("=100/1m", "write name=requests/window"),
        ("burst=/1m", "write name=requests/window"), ("burst=1/1m/1", "write name=requests/window"),
        ("burst=x/1m", "requests must be a whole number"), ("burst=0/1m", "requests must be at least 1"),
        ("burst=-1/1m", "requests must be"), ("burst=99999999999999999999/1m", "requests must be a whole number"),
        ("burst=1/0s", "window must be at least 1s"), ("burst=1/365d", "window must be at most 31d"),
        ("burst=1/1y", "window must be a duration"), ("Burst=1/1m", "name must be"),
        ("burst=1/1m,bucket", "after a comma there can be slidingWindow, tokenBucket, burst=number"),
        ("burst=1/1m,", "after a comma there can be"), ("burst=1/1m,burst=x", "burst must be a whole number"),
        ("burst=1/1m,burst=1,burst=2", "burst is given twice"),
        ("burst=1/1m,slidingWindow,burst=2", "burst must be left out"),
    ])
    func aWrongLimitIsToldApart(typed: String, expected: String) {
        #expect(self.message { _ = try RateLimit(argument: typed) }?.contains(expected) == true)
    }

    @Test func everythingThatIsWrongWithALimitIsTold() {
        let message = self.message { _ = try RateLimit(argument: "Burst=0/1y") } ?? ""
        for name in ["name", "requests", "window"] { #expect(message.contains("\(name) must")) }
    }

    @Test(arguments: [
        "0", "1000", "1000/hour", "1000/day", "1000/week", "1000/month", "1000/month,accumulate",
        "1000/month,accumulate,cap=5000", "1000/month,first=200", "1000/month,timeZone=Europe/Berlin",
        "1000/month,accumulate,cap=5000,first=200,timeZone=Europe/Berlin",
    ])
    func creditsAreShownAsTheyAreTyped(typed: String) throws {
        let credits = try CreditPolicy(argument: typed)
        #expect(credits.json.creditsText == typed)
    }

    @Test func creditsOfAPeriodBeginWithTheFirstOne() throws {
        let credits = try CreditPolicy(argument: "1000/month")
        #expect(credits.amount == 1000)
        #expect(credits.refill?.amount == 1000)
        #expect(try CreditPolicy(argument: "1000/month,first=5").amount == 5)
        #expect(try CreditPolicy(argument: "1000").refill == nil)
    }

    @Test(arguments: [
        ("", "write a number such as 1000"), ("x", "write a number"), ("1e3", "write a number"),
        ("1/2/3", "write a number"), ("-1", "amount must be"), ("0/day", "amount must be"),
        ("1000/fortnight", "the period must be hour, day, week or month"), ("1000/", "the period must be"),
        ("1000,cap=3", "credits that come again"), ("1000/day,cap=5000", "cap is only for the mode accumulate"),
        ("1000/day,foo", "after a comma there can be replace, accumulate, cap=number, first=number, timeZone=name"),
        ("1000/day,timeZone=Mars/X", "timeZone must be"), ("1000/day,timeZone=CET", "timeZone must be"),
        ("1000/day,accumulate,replace", "mode is given twice"), ("1000/day,first=-1", "amount must be"),
    ])
    func wrongCreditsAreToldApart(typed: String, expected: String) {
        #expect(self.message { _ = try CreditPolicy(argument: typed) }?.contains(expected) == true)
    }

    @Test(arguments: [
        ("mon-fri 08:00-18:00 Europe/Berlin", "mon-fri 08:00-18:00 Europe/Berlin"),
        ("sat,sun 10:00-16:00 UTC", "sat,sun 10:00-16:00 UTC"), ("MON  08:00-09:00  UTC", "mon 08:00-09:00 UTC"),
        ("fri-mon 22:00-06:00 UTC", "mon,fri-sun 22:00-06:00 UTC"),
        ("sat-sun 00:00-24:00 UTC", "sat,sun 00:00-24:00 UTC"),
        ("mon-sun 00:00-24:00 UTC", "mon-sun 00:00-24:00 UTC"),
        ("mon-wed,fri 08:00-18:00 UTC", "mon-wed,fri 08:00-18:00 UTC"),
    ])
    func aTimeWindowIsShownAsItIsTyped(typed: String, shown: String) throws {
        let window = try TimeWindow(argument: typed)
        #expect(window.json.timeWindowText == shown)
        #expect(try TimeWindow(argument: shown) == window)
    }

    @Test(arguments: [
        ("", "write days, hours and time zone"), ("mon-fri", "write days, hours and time zone"),
        ("mon-fri 08:00-18:00", "write days, hours and time zone"), ("mon-fri 08:00 UTC", "write days, hours"),
        ("mo-fr 08:00-18:00 UTC", "days, which are mon, tue"), ("mon-tue-wed 08:00-18:00 UTC", "write days as"),
        ("mon, 08:00-18:00 UTC", "days, which are"), ("mon,mon 08:00-18:00 UTC", "days must be named only once"),
        ("mon 8:00-18:00 UTC", "from must be a time"), ("mon 08:00-25:00 UTC", "to must be a time"),
        ("mon 08:00-08:00 UTC", "to must not be equal to from"), ("mon 08:00-18:00 CET", "timeZone must be"),
    ])
    func aWrongTimeWindowIsToldApart(typed: String, expected: String) {
        #expect(self.message { _ = try TimeWindow(argument: typed) }?.contains(expected) == true)
    }

    @Test func aMomentCanBeInWhatHasBeen() throws {
        let moment = try #require(MomentArgument(argument: "24h"))
        let time = ManualTime(Timestamp(milliseconds: 86_400_000))
        #expect(moment.past(time).milliseconds == 0)
        #expect(moment.text(time) == Timestamp(milliseconds: 2 * 86_400_000).text)
    }
}
