// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/key_uses.hpp"

#include <boost/asio/io_context.hpp>

namespace holdfast::api {

KeyUses::KeyUses(boost::asio::io_context& io, const Clock& clock, const log::Logger& log,
                 store::ApiKeyStore& store, Duration interval)
    : clock_(clock), log_(log), store_(store), interval_(interval), timer_(io) {
  arm();
}

void KeyUses::note(const std::string& id) {
  const std::int64_t now = to_unix_ms(clock_.wall());
  const std::lock_guard lock(mutex_);
  uses_[id] = now;
}

void KeyUses::stop() {
  timer_.cancel();
  write();
}

void KeyUses::arm() {
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    write();
    arm();
  });
}

void KeyUses::write() {
  std::vector<store::ApiKeyUse> uses;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, at] : std::exchange(uses_, {}))
      uses.push_back({id, at});
  }
  if (uses.empty()) return;
  store_.note_api_key_uses(std::move(uses), [&log = log_](const Result<void>& written) {
    if (!written) {
      log.warn("could not write the last-used times of API keys",
               {{"err", log::err_of(written.error())}});
    }
  });
}

}  // namespace holdfast::api
