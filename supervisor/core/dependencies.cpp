// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/dependencies.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace holdfast::supervisor::core {

namespace {

using Edges = std::vector<std::vector<std::size_t>>;  // program -> those that it starts after

Result<Edges> read_edges(const std::vector<config::Program>& programs) {
  std::map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    if (!index.emplace(programs[i].name, i).second) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("program '{}' is declared twice", programs[i].name));
    }
  }
  Edges edges(programs.size());
  for (std::size_t i = 0; i < programs.size(); ++i) {
    for (const std::string& name : programs[i].after) {
      const auto found = index.find(name);
      if (found == index.end()) {
        return fail(ErrorKind::InvalidArgument,
                    fmt::format("program '{}' starts after '{}', which is not a program",
                                programs[i].name, name));
      }
      edges[i].push_back(found->second);
    }
  }
  return edges;
}

// Every program left over waits for another one left over: following that finds the circle.
std::string name_cycle(const std::vector<config::Program>& programs, const Edges& edges,
                       const std::vector<std::size_t>& open) {
  const auto first = std::find_if(open.begin(), open.end(), [](std::size_t n) { return n > 0; });
  auto at = static_cast<std::size_t>(first - open.begin());
  std::vector<std::size_t> path;
  while (std::find(path.begin(), path.end(), at) == path.end()) {
    path.push_back(at);
    at = *std::find_if(edges[at].begin(), edges[at].end(),
                       [&](std::size_t next) { return open[next] > 0; });
  }
  std::string text;
  for (auto step = std::find(path.begin(), path.end(), at); step != path.end(); ++step) {
    text += programs[*step].name + " -> ";
  }
  return text + programs[at].name;
}

}  // namespace

Result<std::vector<std::size_t>> start_order(const std::vector<config::Program>& programs) {
  HOLDFAST_TRY_ASSIGN(const Edges edges, read_edges(programs));
  Edges dependants(programs.size());
  std::vector<std::size_t> open(programs.size());  // dependencies not yet placed
  std::set<std::size_t> free;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    open[i] = edges[i].size();
    for (const std::size_t on : edges[i])
      dependants[on].push_back(i);
    if (open[i] == 0) free.insert(i);
  }
  std::vector<std::size_t> order;
  while (!free.empty()) {
    const std::size_t next = *free.begin();
    free.erase(free.begin());
    order.push_back(next);
    for (const std::size_t dependant : dependants[next]) {
      if (--open[dependant] == 0) free.insert(dependant);
    }
  }
  if (order.size() != programs.size()) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("programs wait for each other: {}", name_cycle(programs, edges, open)));
  }
  return order;
}

Result<void> check_dependencies(const std::vector<config::Program>& programs) {
  HOLDFAST_TRY(start_order(programs));
  return {};
}

}  // namespace holdfast::supervisor::core
