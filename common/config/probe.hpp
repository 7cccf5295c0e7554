// SPDX-License-Identifier: Apache-2.0
#pragma once

// Probe: a question that the supervisor asks a program from outside, to learn whether it is ready
// or still healthy. Threads: values and pure functions.

#include "common/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

struct Probe {
  enum class Kind {
    None,
    Http,     // "http://host:port/path" or "unix:/path/to.sock:/path": a GET
    Tcp,      // "tcp:host:port": a connection that the program accepts
    Command,  // ["command", …]: exit 0 is a yes
  };
  Kind kind = Kind::None;
  std::string address;                // Http: the URL; Tcp: host:port
  std::vector<std::string> command;   // argv; argv[0] is looked up as that of a program
  std::string host;                   // Http: the Host header; empty: that of the URL
  std::vector<std::string> statuses;  // Http: "204", "2xx", "200-399"; empty: 2xx

  bool asks() const { return kind != Kind::None; }
  bool has_address() const { return kind == Kind::Http || kind == Kind::Tcp; }
  bool operator==(const Probe&) const = default;
};

// Reads an address as it is written in the file. Placeholders of slot_text.hpp may stand in it.
// InvalidArgument: it is neither a URL nor "tcp:host:port".
Result<Probe> parse_probe_address(std::string_view text);
// As the file writes it: "tcp:127.0.0.1:80", "pg_isready -q".
std::string to_string(const Probe& probe);

// "204", "2xx" or "200-399". InvalidArgument with what was expected.
Result<std::string> check_status(const std::string& text);
// Whether an answer with this status is the expected one.
bool expects_status(const Probe& probe, int status);

}  // namespace holdfast::config
