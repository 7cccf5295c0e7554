// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/api/api_service.hpp"

#include "api-worker/app.hpp"
#include "common/auth/token.hpp"
#include "common/embedding/provider.hpp"
#include "common/net/listen.hpp"
#include "common/os/file.hpp"
#include "common/search/analyser.hpp"
#include "common/store/labels.hpp"
#include "common/store/sqlite/write_lock.hpp"
#include "common/store/store.hpp"

#include <arpa/inet.h>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace holdfast::api::test {

namespace {

template <class T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

void need(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

std::vector<store::Job> claim_everything(store::Store& store) {
  std::promise<std::int64_t> registered;
  store.register_worker({"queue-worker.0", 1, ""}, std::chrono::seconds(30),
                        [&](auto id) { registered.set_value(need(std::move(id))); });
  const std::int64_t worker = registered.get_future().get();
  std::promise<std::vector<store::Job>> claimed;
  store.claim({worker, "default", 100, std::chrono::minutes(1)},
              [&](auto jobs) { claimed.set_value(need(std::move(jobs))); });
  return claimed.get_future().get();
}

std::uint16_t port_of(const Fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

class ApiService::FakeContext final : public worker::Context {
 public:
  FakeContext(ApiService& stack, log::LogOptions options, std::string status_socket)
      : stack_(stack), log_(options), status_socket_(std::move(status_socket)) {}

  boost::asio::io_context& io() override { return stack_.io_; }
  const config::Config& config() const override { return stack_.config_; }
  const worker::Identity& identity() const override { return identity_; }
  log::Logger& log() override { return log_; }
  prometheus::Registry& registry() override { return registry_; }
  const Clock& clock() const override { return clock_; }
  std::optional<Fd> take_fd(const std::string& name) override {
    const auto found = descriptors.find(name);
    if (found == descriptors.end()) return {};
    Fd fd = std::move(found->second);
    descriptors.erase(found);
    return fd;
  }
  std::vector<notify::NamedFd> take_listeners() override { return std::exchange(listeners, {}); }
  bool supervised() const override { return !status_socket_.empty(); }
  const std::string& status_socket() const override { return status_socket_; }
  std::shared_ptr<worker::Beat> add_beat() override { return std::make_shared<worker::Beat>(); }
  void set_status(const std::string&) override {}
  void begin_anew(const Error&) override {}

  std::map<std::string, Fd> descriptors;
  std::vector<notify::NamedFd> listeners;

 private:
  ApiService& stack_;
  worker::Identity identity_{"api-worker.0", 1, ""};
  SystemClock clock_;
  log::Logger log_;
  prometheus::Registry registry_;
  std::string status_socket_;
};

ApiService::ApiService(const std::function<void(config::Config&)>& configure, Supervisor supervisor)
    : log_file_(::open((directory_.path() / "log").c_str(), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC,
                       0600)),
      doorbell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      work_(io_.get_executor()) {
  config_.store.url = "sqlite://" + (directory_.path() / "test.db").native();
  config_.rate_limit.enabled = false;  // these tests are one client
  config_.http.metrics_allow = {"127.0.0.0/8"};
  if (configure) configure(config_);
  need(store::migrate_store(config_.store.url));

  std::string status_socket;
  if (supervisor) {
    status_socket = directory_.path() / "status.sock";
    supervisor_ = std::make_unique<http::Server>(
        io_, http::ServerLimits{}, std::move(supervisor),
        [](const http::Request&, const http::Refusal& refusal) {
          return http::Response::text(refusal.status, refusal.detail);
        });
    need(supervisor_->listen(need(net::open_listener("unix:" + status_socket))));
  }
  log::LogOptions log;
  log.fd = log_file_.get();
  context_ = std::make_unique<FakeContext>(*this, log, status_socket);
  Fd listener = need(net::open_listener("127.0.0.1:0"));
  port_ = port_of(listener);
  context_->listeners.push_back({"http", std::move(listener)});
  context_->listeners.push_back(
      {"local", need(net::open_listener("unix:" + (directory_.path() / "api.sock").native()))});
  context_->descriptors.emplace("doorbell", Fd(::dup(doorbell_.get())));
  service_ = need(make_service(*context_));
  thread_ = std::thread([this] { io_.run(); });
}

ApiService::~ApiService() {
  stop();
}

void ApiService::stop() {
  if (!thread_.joinable()) return;
  std::promise<void> gone;
  boost::asio::post(io_, [&] {
    service_->drain([&] {
      boost::asio::post(io_, [&] {
        service_->before_scrape([] {});
        service_.reset();
        supervisor_.reset();
        gone.set_value();
      });
    });
  });
  gone.get_future().wait();
  work_.reset();
  thread_.join();
}

http::Response ApiService::call(const std::string& method, const std::string& target,
                                const Fields& headers, const std::string& body) const {
  http::Headers fields;
  for (const auto& [name, value] : headers)
    fields.add(name, value);
  http::FetchOptions options;
  options.deadline = std::chrono::seconds(60);
  options.max_response_bytes = 64u << 20;
  return need(http::fetch(method, fmt::format("http://127.0.0.1:{}{}", port_, target), fields, body,
                          options));
}

std::string ApiService::scrape() {
  std::promise<void> current;
  boost::asio::post(io_, [&] { service_->before_scrape([&] { current.set_value(); }); });
  current.get_future().wait();
  return get("/metrics").body;
}

std::string ApiService::unix_url(const std::string& target) const {
  return fmt::format("unix:{}:{}", (directory_.path() / "api.sock").native(), target);
}

Fd ApiService::send(const std::string& bytes) const {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("raw request");
  }
  return fd;
}

std::string ApiService::raw(const std::string& bytes) const {
  const Fd fd = send(bytes);
  std::string answer;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

void ApiService::embed_everything() const {
  const SystemClock clock;
  const auto store =
      need(store::open_store(config_.store.url, store::open_options(config_), clock));
  const auto embedder = need(embedding::make_provider(config_.embedding));
  for (const store::Job& job : claim_everything(*store)) {
    const auto payload = nlohmann::json::parse(job.payload);
    const auto document = need(store->get_document(payload["document_id"]));
    const std::array<std::string_view, 1> texts{document.content};
    const auto size = static_cast<std::int64_t>(document.content.size());
    search::Analyser analyser;
    const store::Chunk chunk{0,
                             0,
                             size,
                             document.content,
                             analyser.index_terms(document.content),
                             need(embedder->embed(texts, {}))[0]};
    store::EmbeddedText text(std::vector<store::Chunk>{chunk});
    text.title_terms = analyser.index_terms(document.title);
    text.labels = store::labels_of(document.metadata);
    std::promise<void> completed;
    store->complete_embedding({job.id, job.fence}, document.id, document.version, std::move(text),
                              [&](const Result<void>& done) {
                                need(done);
                                completed.set_value();
                              });
    completed.get_future().wait();
  }
}

void ApiService::hold_everything() const {
  const SystemClock clock;
  const auto store = need(store::open_store(config_.store.url, {}, clock));
  claim_everything(*store);
}

void ApiService::fail_everything(const std::string& error) const {
  const SystemClock clock;
  const auto store = need(store::open_store(config_.store.url, {}, clock));
  for (const store::Job& job : claim_everything(*store)) {
    std::promise<void> failed;
    store->fail_job({{job.id, job.fence}, error, true, {}}, [&](const auto& state) {
      need(state);
      failed.set_value();
    });
    failed.get_future().wait();
  }
}

std::string ApiService::make_api_key(store::Scope scope, std::optional<std::uint32_t> rate_limit,
                                     std::optional<std::int64_t> expires_at) const {
  const SystemClock clock;
  const auto store = need(store::open_store(config_.store.url, {}, clock));
  const auth::Token token = auth::make_token();
  store::ApiKey key;
  key.id = token.id;
  key.name = "test";
  key.digest = token.digest;
  key.scope = scope;
  key.rate_limit = rate_limit;
  key.expires_at = expires_at;
  std::promise<Result<void>> created;
  store->create_api_key(key, [&](Result<void> done) { created.set_value(std::move(done)); });
  need(created.get_future().get());
  return token.text;
}

void ApiService::revoke_api_key(const std::string& key) const {
  const SystemClock clock;
  const auto store = need(store::open_store(config_.store.url, {}, clock));
  std::promise<Result<void>> revoked;
  store->revoke_api_key(auth::parse_token(key)->id,
                        [&](Result<void> done) { revoked.set_value(std::move(done)); });
  need(revoked.get_future().get());
}

std::string ApiService::rotate_api_key(const std::string& key) const {
  const SystemClock clock;
  const auto store = need(store::open_store(config_.store.url, {}, clock));
  const auth::Token token = auth::make_token();
  store::ApiKey successor;
  successor.id = token.id;
  successor.digest = token.digest;
  std::promise<Result<store::ApiKey>> rotated;
  store->rotate_api_key(auth::parse_token(key)->id, successor, std::chrono::hours(1),
                        [&](Result<store::ApiKey> done) { rotated.set_value(std::move(done)); });
  need(rotated.get_future().get());
  return token.text;
}

store::ApiKey ApiService::stored_api_key(const std::string& key) const {
  const SystemClock clock;
  const auto store = need(store::open_store(config_.store.url, {}, clock));
  return need(store->get_api_key(auth::parse_token(key)->id));
}

void ApiService::damage_store(const std::string& table) const {
  sqlite3* database = nullptr;
  const std::string path = config_.store.url.substr(std::string_view("sqlite://").size());
  const bool done =
      ::sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
      ::sqlite3_exec(database, ("ALTER TABLE " + table + " RENAME TO lost").c_str(), nullptr,
                     nullptr, nullptr) == SQLITE_OK;
  ::sqlite3_close(database);
  if (!done) throw std::runtime_error("damage the store");
}

std::shared_ptr<void> ApiService::stall_writes() const {
  struct Stall {
    store::sqlite::WriteLock lock;
    store::sqlite::WriteLock::Guard guard;
  };
  auto lock = need(store::sqlite::WriteLock::open(directory_.path() / "test.db"));
  auto guard = need(lock.acquire());
  return std::make_shared<Stall>(Stall{std::move(lock), std::move(guard)});
}

void ApiService::remove_supervisor_socket() const {
  std::filesystem::remove(directory_.path() / "status.sock");
}

std::uint64_t ApiService::rings() const {
  std::uint64_t count = 0;
  return ::read(doorbell_.get(), &count, sizeof count) == sizeof count ? count : 0;
}

std::vector<nlohmann::json> ApiService::stop_and_read_log() {
  stop();
  std::vector<nlohmann::json> lines;
  std::istringstream text(need(read_file(directory_.path() / "log")));
  for (std::string line; std::getline(text, line);)
    lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace holdfast::api::test
