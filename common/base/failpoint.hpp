// SPDX-License-Identifier: Apache-2.0
#pragma once

// Failpoints: the steps of a claim and of a commit at which a fault would matter. What is shipped
// calls an empty function there. A test program links a definition of its own, which kills or stops
// the process, over the same libraries (docs/adr/0058).
//
// Threads: any. Test definitions may throw from FaultStep::Working, and only from there.

#include <string_view>

namespace holdfast {

enum class FaultStep {
  // A claim.
  ClaimWritten,  // the rows are taken, the transaction is open
  Claimed,       // committed, and the worker knows; no work has begun
  Working,       // its document is loaded; `about` is the content
  // The commit of its result.
  Computed,  // the work is done, its result has not been handed to the store
  Staged,    // SQLite: some chunks of a large document are written, and not shown
  Fenced,    // SQLite: the job is completed in an open transaction, its chunks are not written
  EffectsWritten,  // all is written, the transaction is open
  Stored,          // committed, and the worker knows; it has not said so
  // Any transaction of this process.
  Committing,  // COMMIT comes next
  Committed,   // done; nobody has been told
  Checkpointing,
  // A worker's registration.
  Renewed,   // a heartbeat is written, the transaction is open
  Rescuing,  // jobs of a dead worker are charged, the rest is not given back yet
  Released,  // a leaving worker has given its jobs back, the transaction is open
  // SQLite: a restore, before and after each step of putting a database in another's place.
  Replacing,
};

void failpoint(FaultStep step, std::string_view about = {});

}  // namespace holdfast
