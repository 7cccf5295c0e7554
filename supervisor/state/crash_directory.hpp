// SPDX-License-Identifier: Apache-2.0
#pragma once

// CrashDirectory: the files of the CrashStore. See crash_store.hpp for their rules.
//
// Threads: one; blocks for the disk.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor {

class CrashDirectory {
 public:
  explicit CrashDirectory(const std::filesystem::path& state_dir) : state_dir_(state_dir) {}

  // The ids of the reports that are there, the oldest first; removes what an interrupted write has
  // left. NotFound if there is no directory yet.
  Result<std::vector<std::string>> list();
  Result<std::string> read(const std::string& id);
  // Makes the directory if need be.
  Result<void> write(const std::string& id, std::string_view text);
  void remove(const std::string& id);

 private:
  enum class Missing { Fails, IsMade };
  Result<void> open(Missing missing);
  Result<void> write_new(const std::string& name, std::string_view text) const;

  const std::filesystem::path state_dir_;
  Fd directory_;
};

}  // namespace holdfast::supervisor
