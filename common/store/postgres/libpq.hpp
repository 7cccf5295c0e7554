// SPDX-License-Identifier: Apache-2.0
#pragma once

// libpq, loaded when a program first needs it. It brings twenty libraries with it (Kerberos, LDAP,
// GnuTLS), which would take a quarter of the time in which a program on SQLite starts.
// docs/adr/0064-libpq-is-loaded-when-needed.md
//
// Threads: any. Nothing else of this folder may be used before load_libpq() has succeeded once;
// make_endpoint() calls it.
// https://www.postgresql.org/docs/15/libpq.html

#include "common/base/result.hpp"

#include <libpq-fe.h>

namespace holdfast::store::postgres {

// The functions of libpq that are used here, by their own names.
#define HOLDFAST_LIBPQ_FUNCTIONS(X) \
  X(PQbackendPID)                   \
  X(PQclear)                        \
  X(PQcmdStatus)                    \
  X(PQcmdTuples)                    \
  X(PQconnectPoll)                  \
  X(PQconnectStartParams)           \
  X(PQconninfo)                     \
  X(PQconninfoFree)                 \
  X(PQconninfoParse)                \
  X(PQconsumeInput)                 \
  X(PQenterPipelineMode)            \
  X(PQerrorMessage)                 \
  X(PQexitPipelineMode)             \
  X(PQfinish)                       \
  X(PQflush)                        \
  X(PQfreemem)                      \
  X(PQgetResult)                    \
  X(PQgetisnull)                    \
  X(PQgetlength)                    \
  X(PQgetvalue)                     \
  X(PQhost)                         \
  X(PQhostaddr)                     \
  X(PQisBusy)                       \
  X(PQnotifies)                     \
  X(PQntuples)                      \
  X(PQpipelineSync)                 \
  X(PQport)                         \
  X(PQresultErrorField)             \
  X(PQresultStatus)                 \
  X(PQsendPrepare)                  \
  X(PQsendQuery)                    \
  X(PQsendQueryParams)              \
  X(PQsendQueryPrepared)            \
  X(PQserverVersion)                \
  X(PQsetErrorVerbosity)            \
  X(PQsetNoticeReceiver)            \
  X(PQsetnonblocking)               \
  X(PQsocket)                       \
  X(PQstatus)                       \
  X(PQtransactionStatus)

struct Libpq {
#define HOLDFAST_LIBPQ_MEMBER(name) decltype(&::name) name = nullptr;
  HOLDFAST_LIBPQ_FUNCTIONS(HOLDFAST_LIBPQ_MEMBER)
#undef HOLDFAST_LIBPQ_MEMBER
};

// Once for a process, which keeps it. Unavailable if it is not installed, or too old.
Result<void> load_libpq();

const Libpq& libpq();

}  // namespace holdfast::store::postgres
