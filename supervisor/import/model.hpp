// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is made of another supervisor's file: the sections of a holdfast.toml, with comments. The
// parsers fill it (procfile.hpp, supervisord.hpp, pm2.hpp, systemd_unit.hpp), and writer.hpp prints
// it. What has no counterpart becomes a comment where it would have stood.
//
// Texts are as they stand in a holdfast.toml: "${NAME}" is a variable. plain() makes one of a text
// that has none.
//
// Threads: one owner. Pure.

#include "common/base/clock.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::importer {

// A file to import. Its directory is where its relative paths start.
struct Source {
  std::filesystem::path path;  // absolute
  std::string text;
};

// What a parser may know about the machine.
struct Machine {
  std::uint32_t processors = 1;
  std::set<std::filesystem::path> files;  // of those that were asked for, the ones that exist
};

std::string plain(std::string_view text);

// "512M" and "1G", powers of 1024 as systemd, PM2 and supervisord mean them, as a size of
// Holdfast's; empty: it is none.
std::string size_of(std::string_view text);

class Section {
 public:
  struct Entry {
    std::string key;   // empty: a comment
    std::string toml;  // the value, or the comment's text
  };

  explicit Section(std::string name) : name_(std::move(name)) {}

  // A later value of a key replaces the earlier one.
  void set(const std::string& key, std::string toml);
  void set_text(const std::string& key, std::string_view text);
  void set_texts(const std::string& key, const std::vector<std::string>& texts);
  void set_numbers(const std::string& key, const std::vector<std::int64_t>& numbers);
  void set_environment(const std::map<std::string, std::string>& variables);
  void set_duration(const std::string& key, Duration duration);
  void set_flag(const std::string& key, bool flag) { set(key, flag ? "true" : "false"); }
  void set_number(const std::string& key, std::int64_t number) { set(key, std::to_string(number)); }

  void comment(std::string text);
  // What stood in the other file and is not taken over, and why or what to do instead.
  void leave_out(const std::string& what, const std::string& why);

  bool has(std::string_view key) const;
  const std::string& name() const { return name_; }  // "program.web"
  const std::vector<Entry>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }

 private:
  std::string name_;
  std::vector<Entry> entries_;
};

// All that was imported. Programs keep their order.
class Stack {
 public:
  // A new [program.NAME]; the name is brought into the form of Holdfast's names and made unique.
  // `origin`: what it was called.
  Section& add_program(const std::string& origin);
  // The name that add_program() gave to the program of this origin; empty: there is none.
  std::string name_of(const std::string& origin) const;

  Section top{""};
  Section log{"log"};
  std::vector<Section>& programs() { return programs_; }
  const std::vector<Section>& programs() const { return programs_; }

 private:
  std::vector<Section> programs_;
  std::map<std::string, std::string> names_;  // origin -> name
};

}  // namespace holdfast::supervisor::importer
