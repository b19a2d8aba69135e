-- Asks Claviger about a request: `http-request lua.claviger <path>` in haproxy.cfg, which is where to change things.
--
-- Sets txn.claviger_passes if the request may go on, and answers the client itself if it may not. Whatever goes wrong
-- here leaves the variable unset, and haproxy.cfg refuses what does not have it.

-- The section of haproxy.cfg that leads to Claviger, and more milliseconds than it takes to give up.
local CLAVIGER = "abns@claviger"
local TIMEOUT = 5000

-- What Claviger is told of the client's request, besides method, target and address.
local TOLD = { "authorization", "x-api-key", "origin", "referer", "user-agent" }

-- What the client is told of Claviger's refusal.
local REFUSAL = {
    "content-type", "cache-control", "www-authenticate", "retry-after", "ratelimit-policy", "ratelimit", "x-request-id",
}

-- All values of a header field of the request or the answer, as HAProxy's Lua counts them: from 0.
local function values(headers, name)
    local list, number = {}, 0
    local lines = headers[name]
    while lines ~= nil and lines[number] ~= nil do
        list[#list + 1] = lines[number]
        number = number + 1
    end
    return list
end

local function ask(txn, path)
    local headers = txn.http:req_get_headers()
    local question = {}
    for _, name in ipairs(TOLD) do
        local list = values(headers, name)
        if #list > 0 then question[name] = list end
    end
    -- Without one, HAProxy would put its own name there.
    if question["user-agent"] == nil then question["user-agent"] = { "" } end
    local forwarded = values(headers, "x-forwarded-for")
    forwarded[#forwarded + 1] = txn.sf:src()
    question["x-forwarded-for"] = forwarded
    question["x-original-method"] = { txn.sf:method() }
    question["x-original-uri"] = { txn.sf:pathq() }
    question["x-original-host"] = values(headers, "host")
    local secret = txn:get_var("txn.claviger_secret")
    if secret ~= nil then question["x-claviger-gateway-secret"] = { secret } end
    return core.httpclient():get { url = "http://claviger" .. path, dst = CLAVIGER, headers = question, timeout = TIMEOUT }
end

local function claviger(txn, path)
    local answer = ask(txn, path)
    if answer == nil or answer.status == nil then return end

    if answer.status == 200 then
        for name, lines in pairs(answer.headers) do
            if name:sub(1, 11) == "x-claviger-" then txn.http:req_set_header(name, lines[0]) end
        end
        local policy, limit = answer.headers["ratelimit-policy"], answer.headers["ratelimit"]
        if policy ~= nil then txn:set_var("txn.claviger_policy", policy[0]) end
        if limit ~= nil then txn:set_var("txn.claviger_limit", limit[0]) end
        txn:set_var("txn.claviger_passes", true)
        return
    end

    -- HAProxy makes up an answer when there is none; Claviger's own refusals are problem documents.
    if values(answer.headers, "content-type")[1] ~= "application/problem+json" then return end
    local reply = txn:reply { status = answer.status }
    for _, name in ipairs(REFUSAL) do
        for _, value in ipairs(values(answer.headers, name)) do reply:add_header(name, value) end
    end
    reply:set_body(answer.body)
    txn:done(reply)
end

core.register_action("claviger", { "http-req" }, claviger, 1)
