// SPDX-License-Identifier: Apache-2.0
#pragma once

// The systems under test: Holdfast and its peers, each with the same workload behind one port.

#include "tests/bench/telemetry/workload.hpp"
#include "tests/support/stack.hpp"

#include <memory>
#include <string>
#include <vector>

namespace holdfast::bench {

class System {
 public:
  virtual ~System() = default;
  virtual const std::string& name() const = 0;
  virtual std::uint16_t port() const = 0;
  virtual pid_t pid() const = 0;  // of the process that answers
  // While another is measured, this one must not use the processor.
  virtual void rest() {}
  virtual void resume() {}
  // Each of its workers moves a counter at each scrape: how old the values are can be seen.
  virtual bool moves() const { return true; }
};

// A worker of Holdfast's: a bench_metrics_child, or one with prometheus-cpp.
enum class Child { Plain, Library };

// `more`: further tables of the configuration.
class HoldfastSystem final : public System {
 public:
  HoldfastSystem(const Workload& workload, Child child, const std::string& more = "");
  ~HoldfastSystem() override;

  const std::string& name() const override { return name_; }
  std::uint16_t port() const override { return port_; }
  pid_t pid() const override { return pid_; }
  void rest() override;
  void resume() override;

  test::Stack& stack() { return stack_; }
  std::vector<pid_t> workers();  // pids of the running ones

 private:
  std::string name_;
  test::Stack stack_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

// Null if the peer is not installed. prom-client is searched in NODE_PATH.
std::unique_ptr<System> prom_client(const Workload& workload);
std::unique_ptr<System> client_python(const Workload& workload);

std::unique_ptr<System> start(const std::string& name, const Workload& workload);

}  // namespace holdfast::bench
