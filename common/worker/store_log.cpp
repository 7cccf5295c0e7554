// SPDX-License-Identifier: Apache-2.0
#include "common/worker/store_log.hpp"

#include <utility>

namespace holdfast::worker {

void StoreLog::looked(const Error* failure) {
  const bool was_out = std::exchange(out_, failure != nullptr);
  if (failure != nullptr && !was_out) {
    log_.warn("the store cannot be used", {{"err", log::err_of(*failure)}});
  } else if (failure == nullptr && was_out) {
    log_.info("the store can be used again");
  }
}

}  // namespace holdfast::worker
