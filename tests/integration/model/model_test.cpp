// SPDX-License-Identifier: Apache-2.0
// The real supervisor under random commands, kills and reloads, held against a model of the fleet.
//   HOLDFAST_SEED=N          replays a run
//   HOLDFAST_MODEL_STEPS=N   how long it is
#include "tests/integration/model/fleet_model.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <set>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

std::string version_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  for (std::string entry; std::getline(in, entry, '\0');) {
    if (entry.starts_with("VERSION=")) return entry.substr(8);
  }
  return "";
}

class Run {
 public:
  explicit Run(std::uint64_t seed) : random_(seed), stack_(first_file(), kNoPort) {
    stack_.wait_ready();
  }

  void step() {
    switch (pick(10)) {
      case 0: command("stop", some_target()); break;
      case 1:
      case 2: command("start", some_target()); break;
      case 3:
      case 4: command("restart", some_target()); break;
      case 5: scale(some_program(), pick(5)); break;
      case 6: kill_some(); break;
      case 7: reload(); break;
      case 8: refuse_reload(); break;
      default: command("restart", "nobody"); break;
    }
    if (pick(2) == 0) settle();
  }

  void settle() {
    trace_ += "settle\n";
    std::string why;
    const bool settled = wait_until([&] { return (why = difference()).empty(); });
    INFO(trace_ << why);
    REQUIRE(settled);
  }

  void shut_down() {
    trace_ += "SIGTERM\n";
    stack_.supervisor().signal(SIGTERM);
    const Ended ended = stack_.supervisor().wait();
    INFO(trace_);
    CHECK_FALSE(ended.signaled);
    CHECK(ended.value <= 1);  // 1: a stubborn one had to be killed
    CHECK(wait_until([&] { return ours().empty(); }));
  }

 private:
  std::uint32_t pick(std::uint32_t below) {
    return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random_);
  }

  ModelProgram some_kind() {
    static const std::vector<std::string> kKinds{"obedient", "late", "stubborn", "parent", "plain"};
    ModelProgram program;
    program.kind = kKinds[pick(static_cast<std::uint32_t>(kKinds.size()))];
    program.replicas = pick(4);
    return program;
  }

  std::string first_file() {
    for (int i = 0; i < 3; ++i)
      model_.file().emplace_back("p" + std::to_string(next_name_++), some_kind());
    model_.reload();
    return model_.file_text();
  }

  std::string some_program() {
    const auto& programs = model_.programs();
    if (programs.empty()) return "nobody";
    return std::next(programs.begin(), pick(static_cast<std::uint32_t>(programs.size())))->first;
  }

  // A program, one of its slots, or sometimes a slot that it does not have.
  std::string some_target() {
    const std::string name = some_program();
    return pick(2) == 0 ? name : name + "." + std::to_string(pick(5));
  }

  void command(const std::string& verb, const std::string& target) {
    std::vector<std::string> arguments{verb, target};
    if (verb != "restart") arguments.emplace_back("--no-wait");
    const auto answer = stack_.command(arguments);
    trace_ += verb + " " + target + " -> " + std::to_string(answer.exit_code) + " " + answer.output;
    INFO(trace_);
    const bool known = model_.knows(target);
    // A reload's rolling restart may still go on; and what an administrator stops, or a later
    // reload, gives up a rolling restart.
    const bool busy = answer.output.find("is already being restarted") != std::string::npos;
    REQUIRE(answer.exit_code == (known && !busy ? 0 : 1));
    if (!known || busy) return;
    if (verb == "stop") model_.stop(target);
    if (verb == "start") model_.start(target);
    if (verb == "restart") model_.restart(target);
  }

  void scale(const std::string& name, std::uint32_t count) {
    const auto answer = stack_.command({"scale", name, std::to_string(count), "--no-wait"});
    trace_ += "scale " + name + " -> " + answer.output;
    INFO(trace_);
    REQUIRE(answer.exit_code == (model_.knows(name) ? 0 : 1));
    if (model_.knows(name)) model_.scale(name, count);
  }

  void kill_some() {
    std::vector<pid_t> pids;
    const json status = stack_.status();
    for (const json& program : status["programs"]) {
      for (const json& worker : program["workers"]) {
        if (worker.value("pid", 0) > 0) pids.push_back(worker["pid"]);
      }
    }
    if (pids.empty()) return;
    const pid_t pid = pids[pick(static_cast<std::uint32_t>(pids.size()))];
    trace_ += "kill " + std::to_string(pid) + "\n";
    signal_process(pid, pick(2) == 0 ? SIGKILL : SIGSEGV);
  }

  void reload() {
    auto& file = model_.file();
    const std::uint32_t what = pick(5);
    if (what == 0 && file.size() < 5) {
      file.emplace_back("p" + std::to_string(next_name_++ % 6), some_kind());
      for (std::size_t i = 0; i + 1 < file.size(); ++i) {
        if (file[i].first == file.back().first) return file.pop_back();
      }
    } else if (!file.empty()) {
      auto& [name, program] = file[pick(static_cast<std::uint32_t>(file.size()))];
      if (what == 1 && file.size() > 1) {
        std::erase_if(file, [gone = name](const auto& entry) { return entry.first == gone; });
      } else if (what == 2) {
        program.replicas = pick(4);
      } else if (what == 3) {
        ++program.threshold;
      } else {
        ++program.version;
      }
    }
    stack_.write_config(model_.file_text());
    const auto answer = stack_.command({"reload", "--no-wait"});
    trace_ += "reload -> " + answer.output;
    INFO(trace_);
    REQUIRE(answer.exit_code == 0);
    model_.reload();
  }

  void refuse_reload() {
    stack_.write_config("[program.x]\ncommand = 7\n");
    const auto answer = stack_.command({"reload"});
    trace_ += "reload of nonsense -> " + std::to_string(answer.exit_code) + "\n";
    INFO(trace_);
    REQUIRE(answer.exit_code == 1);
    stack_.write_config(model_.file_text());
  }

  // The workers and whatever they have started: everything of this test but the supervisor.
  std::vector<pid_t> ours() {
    auto pids = pids_with_environment("HOLDFAST_TEST_ID=" + stack_.file("").parent_path().string());
    std::erase(pids, stack_.supervisor().pid());
    return pids;
  }

  // Why the fleet is not as the model wants it; "" if it is.
  std::string difference() {
    const json status = stack_.status();
    if (!status.is_object()) return "no status";
    std::set<pid_t> pids;
    std::size_t sleepers = 0;
    if (status["programs"].size() != model_.programs().size()) return "programs: " + status.dump();
    for (const json& program : status["programs"]) {
      const auto found = model_.programs().find(program["name"]);
      if (found == model_.programs().end()) return program["name"].dump() + " is still there";
      const ModelProgram& expected = found->second;
      if (program["workers"].size() != expected.slots.size()) return "slots: " + program.dump();
      for (const json& worker : program["workers"]) {
        const std::string name = worker["name"];
        const auto number = static_cast<std::uint32_t>(std::stoi(name.substr(name.rfind('.') + 1)));
        const auto slot = expected.slots.find(number);
        if (slot == expected.slots.end()) return name + " should not be";
        const std::string state = slot->second ? "ready" : "stopped";
        if (worker["state"] != state) return worker.dump() + " should be " + state;
        if (worker.contains("retiring")) return name + " is still being replaced";
        std::uint64_t& last = incarnations_[name];
        if (worker["incarnation"] < last) return name + ": its incarnation went back";
        last = worker["incarnation"];
        if (!slot->second) continue;
        const pid_t pid = worker["pid"];
        if (!pids.insert(pid).second) return name + ": a pid appears twice";
        if (!alive(pid)) return name + " is dead";
        if (version_of(pid) != std::to_string(expected.version)) return name + ": an old version";
        if (expected.kind == "parent") ++sleepers;
      }
    }
    const std::size_t processes = ours().size();
    if (processes != pids.size() + sleepers) {
      return std::to_string(processes) + " processes, expected " +
             std::to_string(pids.size() + sleepers);
    }
    return "";
  }

  std::mt19937_64 random_;
  int next_name_ = 0;
  FleetModel model_;
  std::map<std::string, std::uint64_t> incarnations_;
  std::string trace_;
  Stack stack_;
};

}  // namespace

TEST_CASE("random commands, kills and reloads leave the fleet as a simple model says") {
  const std::uint64_t seed = number_from("HOLDFAST_SEED", std::random_device{}());
  std::cout << "HOLDFAST_SEED=" << seed << "\n";
  Run run(seed);
  const std::uint64_t steps = number_from("HOLDFAST_MODEL_STEPS", 120);
  for (std::uint64_t i = 0; i < steps; ++i)
    run.step();
  run.settle();
  run.shut_down();
}
