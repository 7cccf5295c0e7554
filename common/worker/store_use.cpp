// SPDX-License-Identifier: Apache-2.0
#include "common/worker/store_use.hpp"

namespace holdfast::worker {

StoreUse::StoreUse(prometheus::Registry& registry, const store::Store& store) : store_(store) {
  if (store.file_use()) files_.emplace(registry);
  if (store.connection_use()) connections_.emplace(registry);
  show_files();  // a first scrape must not say: nothing free
}

void StoreUse::show_files() {
  if (const auto use = store_.file_use(); use && files_)
    files_->show({use->database, use->log, use->free});
}

void StoreUse::show_connections(bool listens) {
  if (const auto use = store_.connection_use(); use && connections_) {
    connections_->show({use->open, use->busy, use->made, use->failures, listens && use->listening});
  }
}

}  // namespace holdfast::worker
