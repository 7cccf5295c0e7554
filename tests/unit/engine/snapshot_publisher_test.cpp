// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/snapshot_publisher.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace {

class StoppedClock final : public Clock {
 public:
  MonoTime mono() const override { return now; }
  WallTime wall() const override { return WallTime{} + now.time_since_epoch(); }
  MonoTime now = std::chrono::steady_clock::now();
};

struct Stage {
  boost::asio::io_context io;
  StoppedClock clock;
  core::Fleet fleet{{}, {}, 1, false};
  SnapshotCell cell;
  int published = 0;
  SnapshotPublisher publisher{io,
                              clock,
                              fleet,
                              cell,
                              [] {
                                return SnapshotPublisher::Listeners{{"http", "127.0.0.1:1"}};
                              },
                              [this](const FleetSnapshot&) { ++published; }};

  // A change of the fleet that readers can see.
  void change() {
    core::Reload reload;
    reload.request = 1;
    config::Program program;
    program.name = "p" + std::to_string(++programs);
    program.command = {"/bin/true"};
    program.replicas = program.min_ready = 0;  // else the next reload would wait for its start
    reload.programs = {program};
    (void)fleet.step(reload, clock.now);
  }
  int programs = 0;
};

}  // namespace

TEST_CASE("a fleet that has not changed is published once") {
  Stage stage;
  stage.publisher.publish();
  stage.publisher.publish();
  CHECK(stage.published == 1);
  stage.publisher.publish_if_changed();
  CHECK(stage.published == 1);
}

TEST_CASE("a burst of changes is published as one snapshot when the pause is over") {
  Stage stage;
  stage.publisher.publish_now();
  for (int i = 0; i < 5; ++i) {
    stage.change();
    stage.publisher.publish();
  }
  CHECK(stage.published == 1);
  stage.io.run();  // the timer
  CHECK(stage.published == 2);
  CHECK(stage.cell.load()->view.programs.front().config->name == "p5");
}

TEST_CASE("a reply does not wait for the pause") {
  Stage stage;
  stage.publisher.publish_now();
  stage.change();
  stage.publisher.publish_if_changed();
  CHECK(stage.published == 2);
}

TEST_CASE("a refused reload shows in the snapshots until one succeeds") {
  Stage stage;
  stage.publisher.start();
  stage.publisher.reload_failed("why");
  stage.publisher.publish_now();
  CHECK_FALSE(stage.cell.load()->last_reload_ok);
  stage.clock.now += 5s;
  stage.publisher.reload_succeeded();
  stage.publisher.publish_now();
  CHECK(stage.cell.load()->last_reload_ok);
  CHECK(stage.cell.load()->last_reload_at == stage.clock.wall());
}
