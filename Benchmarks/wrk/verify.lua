-- Posts tokens to a call of the server, in an order that jumps about.
--
--   wrk -s verify.lua URL -- PATH KEY_FILE TOKENS
local tokens = {}
local head
local position = 0
-- A prime, so that it meets every token of a round number of them; large, so that no cache of the processor helps.
local stride = 611953

function init(args)
    local key = io.lines(args[2])()
    for line in io.lines(args[3]) do tokens[#tokens + 1] = line end
    head = "POST " .. args[1] .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
        .. "\r\nAuthorization: Bearer " .. key .. "\r\nContent-Type: application/json\r\nContent-Length: "
end

function request()
    local body = '{"token":"' .. tokens[position + 1] .. '"}'
    position = (position + stride) % #tokens
    return head .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency)
    print(string.format("requests %d", summary.requests))
    print(string.format("failed %d", summary.errors.status + summary.errors.read + summary.errors.write
        + summary.errors.timeout + summary.errors.connect))
    print(string.format("median_us %d", latency:percentile(50)))
    print(string.format("p99_us %d", latency:percentile(99)))
end
