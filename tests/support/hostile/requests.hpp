// SPDX-License-Identifier: Apache-2.0
#pragma once

// What hostile and broken clients send, and the status that each gets. One table: the server's unit
// tests and the API worker's run it, and docs/http-limits.md shows it.

#include <string>
#include <vector>

namespace holdfast::test {

struct HostileRequest {
  const char* name;
  std::string bytes;
  int status;
};

struct HostileGroup {
  const char* title;
  std::vector<HostileRequest> requests;
};

// Refused before any handler sees them; the connection closes after the answer.
std::vector<HostileGroup> hostile_requests();

// "POST / HTTP/1.1", Host, these field lines and this body.
std::string post_with(const std::string& fields, const std::string& body = "");
// "A0: 1", "A1: 1", ...
std::string many_fields(int count);

}  // namespace holdfast::test
