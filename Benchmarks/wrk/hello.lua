-- Asks for `hello`, with a script of its own so that wrk has the same machinery to run as for a verification.
local request_text

function init(args)
    request_text = wrk.format("GET", "/hello")
end

function request()
    return request_text
end

function done(summary, latency)
    print(string.format("requests %d", summary.requests))
    print(string.format("failed %d", summary.errors.status + summary.errors.read + summary.errors.write
        + summary.errors.timeout + summary.errors.connect))
end
