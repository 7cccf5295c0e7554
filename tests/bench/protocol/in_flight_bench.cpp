// SPDX-License-Identifier: Apache-2.0
// What it costs a worker to note a request for its crash report, and to strike it out again, with
// few and with many requests under way; and what it costs the supervisor to read the notes of a
// worker that has died. To be held against the work of a whole request: bench_api_loop prints that.
// Usage: bench_in_flight [Google Benchmark's options].

#include "common/protocol/in_flight.hpp"

#include <benchmark/benchmark.h>

using namespace holdfast;
using namespace holdfast::protocol;

namespace {

constexpr std::string_view kId = "0b7f4c1e-8a53-4d0c-9f2a-6f1e2d3c4b5a";
constexpr std::string_view kRoute = "/api/documents/{id}";

InFlightTable::Slot begin(InFlightTable& table, std::string_view id) {
  return table.begin(InFlightKind::Request, id, "GET", kRoute, MonoTime{});
}

// `others`: requests that are under way meanwhile.
void note_and_strike(benchmark::State& state) {
  const Fd memory = make_in_flight_memory().value();
  InFlightTable table = InFlightTable::map(memory).value();
  for (std::int64_t i = 0; i < state.range(0); ++i)
    begin(table, kId);
  for (auto _ : state) {
    const auto slot = begin(table, kId);
    benchmark::ClobberMemory();
    table.end(slot);
  }
}
BENCHMARK(note_and_strike)->ArgName("others")->Arg(0)->Arg(64)->Arg(kInFlightSlots);

void read_of_the_dead(benchmark::State& state) {
  const Fd memory = make_in_flight_memory().value();
  InFlightTable table = InFlightTable::map(memory).value();
  for (std::int64_t i = 0; i < state.range(0); ++i)
    begin(table, kId);
  for (auto _ : state)
    benchmark::DoNotOptimize(read_in_flight(memory.get()));
}
BENCHMARK(read_of_the_dead)->ArgName("requests")->Arg(0)->Arg(64);

void make_for_a_new_worker(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(make_in_flight_memory());
}
BENCHMARK(make_for_a_new_worker);

}  // namespace
