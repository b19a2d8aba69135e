-- Asks as nginx does before it lets a request pass, with tokens in the order of the file, again and again.
--
--   wrk -s gateway.lua URL -- PATH TOKENS
local requests = {}
local position = 0

function init(args)
    for line in io.lines(args[2]) do
        requests[#requests + 1] = wrk.format("GET", args[1], {
            ["Authorization"] = "Bearer " .. line,
            ["X-Original-Method"] = "GET",
            ["X-Original-URI"] = "/v1/invoices/7?page=2",
            ["X-Forwarded-For"] = "203.0.113.7",
        })
    end
end

function request()
    position = position % #requests + 1
    return requests[position]
end

function done(summary, latency)
    print(string.format("requests %d", summary.requests))
    print(string.format("failed %d", summary.errors.status + summary.errors.read + summary.errors.write
        + summary.errors.timeout + summary.errors.connect))
    print(string.format("median_us %d", latency:percentile(50)))
    print(string.format("p99_us %d", latency:percentile(99)))
end
