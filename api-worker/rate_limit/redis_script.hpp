// SPDX-License-Identifier: Apache-2.0
#pragma once

// The sliding window of common/rate_limit/window.hpp as a Redis script: one round trip, one atomic
// step, timed by the Redis server's clock, the only one that all hosts share.
// A key is a hash of part number -> admissions in that part. It expires with its window.
//
// It decides about one request under several policies: it is counted under all of them or, if one
// refuses it, under none.
//
//   KEYS     one for each policy
//   ARGV     for each policy: limit, length of a part in milliseconds, parts of a window
//   reply    for each policy: allowed (1 or 0), remaining, milliseconds until the count decreases
//
// A key that is not such a hash was written by somebody else, and is replaced.
//
// Redis 5 or newer (scripts are replicated by their effects).

namespace holdfast::api {

inline constexpr const char* kRateLimitScript = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function read(key, limit, length, parts)
  local window = {key = key, limit = limit, length = length, parts = parts,
                  part = math.floor(now / length), live = 0, counts = {}, dead = {}}
  local flat = redis.pcall('HGETALL', key)
  if flat.err then
    redis.call('DEL', key)
    flat = {}
  end
  for i = 1, #flat, 2 do
    local at, count = tonumber(flat[i]) or 0, tonumber(flat[i + 1]) or 0
    if at >= window.part - parts then
      window.live = window.live + count
      window.counts[#window.counts + 1] = {at, count}
    else
      window.dead[#window.dead + 1] = flat[i]
    end
  end
  window.allowed = window.live < limit
  return window
end

local function count(window)
  redis.call('HINCRBY', window.key, window.part, 1)
  if #window.dead > 0 then redis.call('HDEL', window.key, unpack(window.dead)) end
  redis.call('PEXPIRE', window.key, window.length * (window.parts + 1))
  window.live = window.live + 1
  window.counts[#window.counts + 1] = {window.part, 1}
end

local function relief(window)
  table.sort(window.counts, function(a, b) return a[1] < b[1] end)
  local threshold, left = window.allowed and window.live or window.limit, window.live
  for _, entry in ipairs(window.counts) do
    left = left - entry[2]
    if left < threshold then return (entry[1] + window.parts + 1) * window.length - now end
  end
  return 0
end

local windows, allowed, reply = {}, true, {}
for i, key in ipairs(KEYS) do
  windows[i] = read(key, tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]))
  allowed = allowed and windows[i].allowed
end
for _, window in ipairs(windows) do
  if allowed then count(window) end
  reply[#reply + 1] = window.allowed and 1 or 0
  reply[#reply + 1] = math.max(window.limit - window.live, 0)
  reply[#reply + 1] = relief(window)
end
return reply
)lua";

}  // namespace holdfast::api
