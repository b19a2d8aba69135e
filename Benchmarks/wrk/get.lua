-- Gets one path again and again.
--
--   wrk -s get.lua URL -- PATH KEY_FILE
local request_text

function init(args)
    wrk.headers["Authorization"] = "Bearer " .. io.lines(args[2])()
    request_text = wrk.format("GET", args[1])
end

function request()
    return request_text
end

function done(summary, latency)
    print(string.format("requests %d", summary.requests))
    print(string.format("failed %d", summary.errors.status + summary.errors.read + summary.errors.write
        + summary.errors.timeout + summary.errors.connect))
    print(string.format("median_us %d", latency:percentile(50)))
    print(string.format("p99_us %d", latency:percentile(99)))
end
