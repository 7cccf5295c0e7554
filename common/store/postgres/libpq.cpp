// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/libpq.hpp"

#include <dlfcn.h>

#include <string>

namespace holdfast::store::postgres {

namespace {

constexpr const char* kLibrary = "libpq.so.5";

// What the dynamic linker holds, it holds for the whole process; so does this.
constinit Libpq loaded;

std::string reason_of_dl() {
  const char* const reason = ::dlerror();
  return reason == nullptr ? "unknown error" : reason;
}

Result<void> load() {
  void* const handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(ErrorKind::Unavailable, "PostgreSQL needs libpq, which cannot be loaded (" +
                                            reason_of_dl() + "): install the package libpq5");
  }
#define HOLDFAST_LIBPQ_FIND(name)                                                                 \
  loaded.name = reinterpret_cast<decltype(&::name)>(::dlsym(handle, #name));                      \
  if (loaded.name == nullptr) {                                                                   \
    return fail(ErrorKind::Unavailable, "PostgreSQL needs libpq 14 or later: " + reason_of_dl()); \
  }
  HOLDFAST_LIBPQ_FUNCTIONS(HOLDFAST_LIBPQ_FIND)
#undef HOLDFAST_LIBPQ_FIND
  return {};
}

}  // namespace

Result<void> load_libpq() {
  static const Result<void> result = load();
  return result;
}

const Libpq& libpq() {
  return loaded;
}

}  // namespace holdfast::store::postgres
