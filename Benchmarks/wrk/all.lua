-- Sends every token once, in the order of the file, and looks at each answer: all must be valid.
--
--   wrk -s all.lua URL -- KEY_FILE TOKENS
local tokens = {}
local head
local sent = 0
-- Read by done(), which runs in another Lua state.
answered = 0
refused = 0

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    local key = io.lines(args[1])()
    for line in io.lines(args[2]) do tokens[#tokens + 1] = line end
    head = "POST /v1/keys/verify HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
        .. "\r\nAuthorization: Bearer " .. key .. "\r\nContent-Type: application/json\r\nContent-Length: "
end

function request()
    local body = '{"token":"' .. tokens[sent % #tokens + 1] .. '"}'
    sent = sent + 1
    return head .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
    if status ~= 200 or not body:find('"valid":true', 1, true) then refused = refused + 1 end
    answered = answered + 1
    -- wrk would sleep until its time is up; an interrupt makes it print what it has. The shell's parent is wrk, which
    -- takes no interrupts until the shell has ended.
    if answered == #tokens then os.execute("{ sleep 0.2; kill -INT $PPID; } >/dev/null 2>&1 &") end
end

function done(summary, latency)
    print(string.format("requests %d", summary.requests))
    print(string.format("failed %d", summary.errors.status + summary.errors.read + summary.errors.write
        + summary.errors.timeout + summary.errors.connect))
    local counts = { answered = 0, refused = 0 }
    for _, thread in ipairs(threads) do
        for name in pairs(counts) do counts[name] = counts[name] + thread:get(name) end
    end
    print(string.format("answered %d", counts.answered))
    print(string.format("refused %d", counts.refused))
end
