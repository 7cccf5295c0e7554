// SPDX-License-Identifier: Apache-2.0
// LD_PRELOAD: counts the allocations of a process and writes the number to standard error, as
// "allocations N", whenever it gets SIGUSR2.
#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
}

namespace {

std::atomic<unsigned long> allocations{0};

void report(int) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "allocations %lu\n", allocations.load());
  (void)!::write(STDERR_FILENO, text, static_cast<std::size_t>(size));
}

__attribute__((constructor)) void install() {
  std::signal(SIGUSR2, report);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}

__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void* realloc(void* memory, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(memory, size);
}
}
