// SPDX-License-Identifier: Apache-2.0
#include "tests/support/promtool.hpp"

#include "tests/support/temp_dir.hpp"

#include <fstream>

namespace holdfast::test {

Finished promtool_check(const std::string& exposition) {
  const TempDir directory;
  std::ofstream(directory / "metrics") << exposition;
  return run_program({find_program("promtool"), "check", "metrics"},
                     {.input = directory / "metrics"});
}

}  // namespace holdfast::test
