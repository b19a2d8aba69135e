-- Posts tokens to a call of the server, in the order of the file, again and again.
--
--   wrk -s verify.lua URL -- PATH KEY_FILE TOKENS [MEMBERS]
--
-- MEMBERS is more of the body, such as: "context":{"ip":"10.1.2.3"}
local tokens = {}
local heads = {}
local head
local position = 0
local after = '"}'

function init(args)
    local key = io.lines(args[2])()
    for line in io.lines(args[3]) do tokens[#tokens + 1] = line end
    if args[4] then after = '",' .. args[4] .. "}" end
    head = "POST " .. args[1] .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
        .. "\r\nAuthorization: Bearer " .. key .. "\r\nContent-Type: application/json\r\nContent-Length: "
end

function request()
    position = position % #tokens + 1
    local token = tokens[position]
    local length = #token
    -- All tokens are nearly equally long: what stands before them is put together once for each length.
    local before = heads[length]
    if not before then
        before = head .. (length + 10 + #after) .. '\r\n\r\n{"token":"'
        heads[length] = before
    end
    return before .. token .. after
end

function done(summary, latency)
    print(string.format("requests %d", summary.requests))
    print(string.format("failed %d", summary.errors.status + summary.errors.read + summary.errors.write
        + summary.errors.timeout + summary.errors.connect))
    print(string.format("median_us %d", latency:percentile(50)))
    print(string.format("p99_us %d", latency:percentile(99)))
end
