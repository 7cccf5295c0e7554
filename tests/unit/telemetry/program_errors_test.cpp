// SPDX-License-Identifier: Apache-2.0
// Which program's workers failed, whatever the exposition adds up.
#include "supervisor/telemetry/program_errors.hpp"

#include "supervisor/telemetry/ledger.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;

namespace {

std::string requests(int good, int bad) {
  return "# TYPE http_requests_total counter\n"
         "http_requests_total{route=\"/a\",status=\"200\"} " +
         std::to_string(good) +
         "\n"
         "http_requests_total{route=\"/a\",status=\"503\"} " +
         std::to_string(bad) + "\n";
}

std::string jobs(int done, int dead) {
  return "# TYPE queue_jobs_total counter\n"
         "queue_jobs_total{outcome=\"dead\",queue=\"mail\"} " +
         std::to_string(dead) +
         "\n"
         "queue_jobs_total{outcome=\"done\",queue=\"mail\"} " +
         std::to_string(done) + "\n";
}

SourceId worker_of(const std::string& program, std::uint64_t incarnation = 1) {
  return {program + ".0", program, incarnation};
}

}  // namespace

TEST_CASE("errors are counted for the program whose workers answered them") {
  Ledger ledger;
  ledger.apply(worker_of("api"), requests(90, 2), at(0));
  ledger.apply(worker_of("admin"), requests(90, 30), at(0));
  ledger.apply(worker_of("api"), requests(100, 3), at(2));  // the same lines, other numbers
  CHECK(ledger.program_errors().responses() == ProgramErrors::Responses{{"admin", 30}, {"api", 3}});
}

TEST_CASE("dead jobs are counted by program and queue") {
  Ledger ledger;
  ledger.apply(worker_of("mailer"), jobs(100, 4), at(0));
  ledger.apply(worker_of("other"), jobs(7, 0), at(0));
  CHECK(ledger.program_errors().dead_jobs() == ProgramErrors::DeadJobs{{"mailer", {{"mail", 4}}}});
}

TEST_CASE("a program's errors go on over restarts, resets and refused answers") {
  Ledger ledger;
  ledger.apply(worker_of("api", 1), requests(10, 5), at(0));
  ledger.retire(worker_of("api", 1), at(1));
  CHECK(ledger.program_errors().responses().at("api") == 5);
  ledger.apply(worker_of("api", 2), requests(10, 4), at(2));
  CHECK(ledger.program_errors().responses().at("api") == 9);
  ledger.apply(worker_of("api", 2), requests(1, 1), at(3));  // counts anew
  CHECK(ledger.program_errors().responses().at("api") == 10);
  ledger.apply(worker_of("api", 2), "# TYPE http_requests_total counter\n", at(4));
  ledger.apply(worker_of("api", 2), requests(2, 2), at(5));
  CHECK(ledger.program_errors().responses().at("api") == 11);
  CHECK(ledger.apply(worker_of("api", 1), requests(0, 99), at(6)) == Applied::StaleSource);
  CHECK(ledger.program_errors().responses().at("api") == 11);
}

TEST_CASE("what is no number of errors counts nothing") {
  Ledger ledger;
  ledger.apply(worker_of("api"),
               "# TYPE http_requests_total gauge\nhttp_requests_total{status=\"500\"} 7\n", at(0));
  ledger.apply(worker_of("odd"),
               "# TYPE queue_jobs_total counter\nqueue_jobs_total{outcome=\"dead\"} NaN\n", at(0));
  CHECK(ledger.program_errors().responses().empty());
  CHECK(ledger.program_errors().dead_jobs().empty());
}

TEST_CASE("queue names without end take no more than their room") {
  ProgramErrors errors;
  for (int i = 0; i < 1000; ++i)
    errors.add("odd", "queue_jobs_total", "outcome=\"dead\",queue=\"q" + std::to_string(i) + "\"",
               1);
  const auto& queues = errors.dead_jobs().at("odd");
  CHECK(queues.size() == 65);
  CHECK(queues.at("other") == 936);
}
