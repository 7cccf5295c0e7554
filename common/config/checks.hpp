// SPDX-License-Identifier: Apache-2.0
#pragma once

// Checks: what validation says about the keys of one section that talks to others: secrets and
// their files, URLs, keys without effect.
//
// Threads: one owner.

#include "common/config/report.hpp"

#include <filesystem>
#include <string>

namespace holdfast::config {

class Checks {
 public:
  Checks(std::string section, LoadReport& report) : section_(std::move(section)), report_(report) {}

  void problem(const std::string& key, const std::string& message);
  void warning(const std::string& key, const std::string& message);
  bool given(const std::string& key) const { return report_.given(section_, key); }
  bool refused(const std::string& key) const { return report_.refused(section_, key); }
  void without_effect(const std::string& key, const std::string& why);

  // Whether a key and its _file are in order. `value` becomes the content, if it can be read here;
  // `reader` is who has to be able to.
  bool check_secret(const std::string& key, const std::string& text,
                    const std::filesystem::path& file, std::string& value,
                    const char* reader = "the supervisor");
  void check_url(const std::string& key, const std::string& text);
  // A file of certificates: whether it is there.
  void check_ca_file(const std::filesystem::path& file);
  // A secret that stands in the configuration file as it is.
  void warn_of_literal(const std::string& key);

 private:
  const std::string section_;
  LoadReport& report_;
};

}  // namespace holdfast::config
