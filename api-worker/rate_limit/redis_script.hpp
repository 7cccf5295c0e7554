// SPDX-License-Identifier: Apache-2.0
#pragma once

// The sliding window of common/rate_limit/window.hpp as a Redis script: one round trip, one atomic
// step, timed by the Redis server's clock, the only one that all hosts share.
// A key is a hash of part number -> admissions in that part. It expires with its window.
//
//   KEYS[1]  the key
//   ARGV     limit, window in milliseconds, length of a part in milliseconds, parts of a window
//   reply    allowed (1 or 0), remaining, milliseconds until the count decreases
//
// Redis 5 or newer (scripts are replicated by their effects).

namespace holdfast::api {

inline constexpr const char* kRateLimitScript = R"lua(
local limit, length, parts = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local part = math.floor(now / length)
local flat = redis.call('HGETALL', KEYS[1])
local live, counts, dead = 0, {}, {}
for i = 1, #flat, 2 do
  local at, count = tonumber(flat[i]), tonumber(flat[i + 1])
  if at >= part - parts then
    live = live + count
    counts[#counts + 1] = {at, count}
  else
    dead[#dead + 1] = flat[i]
  end
end
local allowed = live < limit
if allowed then
  live = live + 1
  redis.call('HINCRBY', KEYS[1], part, 1)
  if #dead > 0 then redis.call('HDEL', KEYS[1], unpack(dead)) end
  redis.call('PEXPIRE', KEYS[1], length * (parts + 1))
  counts[#counts + 1] = {part, 1}
end
table.sort(counts, function(a, b) return a[1] < b[1] end)
local threshold, left, relief = allowed and live or limit, live, 0
for _, entry in ipairs(counts) do
  left = left - entry[2]
  if left < threshold then
    relief = (entry[1] + parts + 1) * length - now
    break
  end
end
return {allowed and 1 or 0, math.max(limit - live, 0), relief}
)lua";

}  // namespace holdfast::api
