-- Posts tokens to a call of the server, in an order that jumps about.
--
--   wrk -s verify.lua URL -- PATH KEY_FILE TOKENS [all]
--
-- With `all`, every token is sent once, in the order of the file, its answer is looked at, and wrk stops by itself.
local tokens = {}
local head
local position = 0
local stride = 1
local sent = 0
local answered = 0
local all = false
-- Read by done(), which runs in another Lua state.
refused = 0

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    local key = io.lines(args[2])()
    for line in io.lines(args[3]) do tokens[#tokens + 1] = line end
    all = args[4] == "all"
    -- A prime, so that it meets every token of a round number of them; far apart, so that no cache helps.
    if not all then stride = 611953 end
    head = "POST " .. args[1] .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
        .. "\r\nAuthorization: Bearer " .. key .. "\r\nContent-Type: application/json\r\nContent-Length: "
    if all then response = look end
end

function request()
    local body = '{"token":"' .. tokens[position + 1] .. '"}'
    position = (position + stride) % #tokens
    return head .. #body .. "\r\n\r\n" .. body
end

function look(status, headers, body)
    if status ~= 200 or not body:find('"valid":true', 1, true) then refused = refused + 1 end
    answered = answered + 1
    if answered >= #tokens then wrk.thread:stop() end
end

function done(summary, latency)
    local refusals = 0
    for _, thread in ipairs(threads) do refusals = refusals + (thread:get("refused") or 0) end
    print(string.format("requests %d", summary.requests))
    print(string.format("microseconds %d", summary.duration))
    print(string.format("failed %d", summary.errors.status + summary.errors.read + summary.errors.write
        + summary.errors.timeout + summary.errors.connect))
    print(string.format("refused %d", refusals))
    print(string.format("median_us %d", latency:percentile(50)))
    print(string.format("p99_us %d", latency:percentile(99)))
end
