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
// A key that is not such a hash was written by somebody else, and is replaced: whole numbers
// without signs or leading zeros, a few, and none of a part that lies further ahead than a clock
// that was set back explains.
//
// Redis 5 or newer (scripts are replicated by their effects).

namespace holdfast::api {

inline constexpr const char* kRateLimitScript = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function whole(text)
  local valid = text == '0' or (#text <= 13 and string.find(text, '^[1-9]%d*$'))
  return valid and tonumber(text)
end

local function is_ours(flat, last)
  if flat.err or #flat > 256 then return false end
  for i = 1, #flat, 2 do
    local at = whole(flat[i])
    if not at or at > last or not whole(flat[i + 1]) then return false end
  end
  return true
end

local function read(key, limit, length, parts)
  local window = {key = key, limit = limit, length = length, parts = parts,
                  part = math.floor(now / length), live = 0, counts = {}, dead = {}}
  local flat = redis.pcall('HGETALL', key)
  if not is_ours(flat, window.part + parts - 2) then
    redis.call('DEL', key)
    flat = {}
  end
  for i = 1, #flat, 2 do
    local at, count = tonumber(flat[i]), tonumber(flat[i + 1])
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
