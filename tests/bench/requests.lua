-- wrk: posts random ones of the prepared requests in the file given after "--".
local requests = {}
local number = 0

function init(args)
   local file = assert(io.open(args[1], "rb"))
   while true do
      local line = file:read("*l")
      if not line then break end
      number = number + 1
      requests[number] = file:read(tonumber(line))
   end
   file:close()
   math.randomseed(os.time())
end

function request()
   return requests[math.random(number)]
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format(
      "bench requests=%d microseconds=%d refused=%d broken=%d p99=%d p95=%d\n",
      summary.requests, summary.duration, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99),
      latency:percentile(95)
   ))
end
