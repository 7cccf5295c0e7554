// SPDX-License-Identifier: Apache-2.0
#pragma once

// What happens at a failpoint in a test program: linked into one, failpoints.cpp takes the place of
// the empty function that is shipped (common/base/failpoint.hpp).
//
// A test in the same process arms a step. Whole workers are directed by the files in the directory
// HOLDFAST_TEST_FAILPOINTS:
//
//   STEP     "kill" or "stop": the first process that gets there removes it and does so to itself
//   work     grows by a line for each run of a job: process id and first line of the document
//
// There a document's first line says how the work on it goes:
//
//   storm NAME               as any other
//   storm NAME slow MS       it takes so much longer
//   storm NAME flaky N       its first N runs fail
//   storm NAME hopeless      every run fails
//   storm NAME poison        it kills its worker, by SIGSEGV
//
// Threads: any.

#include "common/base/failpoint.hpp"

namespace holdfast::test {

// From now on this process kills itself at `step`, as by kill -9.
void arm_failpoint(FaultStep step);

// "claim-written": the name of its file.
const char* name_of(FaultStep step);

}  // namespace holdfast::test
