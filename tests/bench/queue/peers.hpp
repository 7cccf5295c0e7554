// SPDX-License-Identifier: Apache-2.0
#pragma once

// The other queues, run by peers.js. Their libraries are looked for where NODE_PATH says, together
// with the Node that they ask for; without them they are left out of the tables.

#include "tests/bench/queue/beds.hpp"
#include "tests/bench/queue/parts.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace holdfast::bench {

// Of these, the ones that are wanted and installed.
std::vector<std::string> peers(const Options& options);

// An empty database of the kind that the peer needs.
std::string fresh_url_for(Beds& beds, const std::string& peer);

// One operation, see peers.js; what it printed. Throws if it fails.
nlohmann::json run_peer(const std::string& peer, const std::string& operation,
                        const std::string& url, const std::vector<int>& numbers);

// `work`, in a process of its own.
test::Process start_peer_worker(const std::string& peer, const std::string& url, int hold_ms);

}  // namespace holdfast::bench
