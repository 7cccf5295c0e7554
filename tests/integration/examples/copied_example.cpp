// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/examples/copied_example.hpp"

#include "tests/support/free_port.hpp"

#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

namespace holdfast::test {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string body_or_error(const Result<http::Response>& answer) {
  return answer ? answer->body : "failed: " + answer.error().message;
}

}  // namespace

CopiedExample::CopiedExample(const std::string& name, const std::vector<std::string>& ports,
                             std::map<std::string, std::string> environment) {
  // Started as root, some programs serve as users of their own, who must be able to read.
  fs::permissions(dir_.path(), fs::perms(0755));
  for (const std::string& port : ports)
    ports_[port] = free_port();
  const fs::path source = fs::path(EXAMPLES) / name;
  for (const auto& entry : fs::recursive_directory_iterator(source)) {
    const fs::path to = dir_.path() / fs::relative(entry.path(), source);
    if (entry.is_directory()) {
      fs::create_directory(to);
      continue;
    }
    std::string text = text_of(entry.path());
    for (const auto& [from, port] : ports_)
      text = std::regex_replace(text, std::regex("\\b" + from + "\\b"), port);
    text = std::regex_replace(text, std::regex("/tmp/holdfast-"), dir_.path().string() + "/");
    text = std::regex_replace(text, std::regex("examples/" + name), dir_.path().string());
    std::ofstream(to) << text;
  }
  environment.try_emplace("SHOP_DATA", dir_.path().string());
  // Debian's packages, whatever else comes first for whoever runs the tests.
  environment.try_emplace("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
  stack_ = std::make_unique<Stack>(text_of(dir_ / "holdfast.toml"), std::move(environment));
  stack_->wait_ready();
}

std::string CopiedExample::url(const std::string& port, const std::string& path) const {
  return "http://127.0.0.1:" + ports_.at(port) + path;
}

std::string CopiedExample::get(const std::string& port, const std::string& path) const {
  return body_or_error(http::fetch("GET", url(port, path), {}, "", {}));
}

std::string CopiedExample::post_json(const std::string& port, const std::string& path,
                                     const std::string& body, const std::string& request_id) const {
  http::Headers headers;
  headers.set("Content-Type", "application/json");
  headers.set("X-Request-ID", request_id);
  return body_or_error(http::fetch("POST", url(port, path), headers, body, {}));
}

void CopiedExample::edit(const std::string& name, const std::string& from,
                         const std::string& to) const {
  std::string text = text_of(dir_ / name);
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error(name + " has no '" + from + "'");
  std::ofstream(dir_ / name) << text.replace(at, from.size(), to);
}

SteadyClient::SteadyClient(std::string url)
    : thread_([this, url = std::move(url)] {
        while (!stop_) {
          const auto answer = http::fetch("GET", url, {}, "", {});
          ++(answer && answer->status == 200 ? answered_ : failed_);
        }
      }) {}

SteadyClient::~SteadyClient() {
  stop();
}

bool SteadyClient::goes_on() const {
  const int before = answered_;
  return wait_until([&] { return answered_ > before + 20; });
}

void SteadyClient::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace holdfast::test
