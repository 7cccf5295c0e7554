# SPDX-License-Identifier: Apache-2.0
# holdfast::warnings: linked privately by every target of ours, never by a library we use.
add_library(holdfast_warnings INTERFACE)
add_library(holdfast::warnings ALIAS holdfast_warnings)
target_compile_options(holdfast_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wdouble-promotion -Wextra-semi -Werror)
# GCC 12 reports uninitialised and dangling uses inside the standard library when it inlines
# std::function, std::variant and coroutines at -O2 (PR 105562 and kin); the sanitizer runs look
# for the real ones.
target_compile_options(holdfast_warnings INTERFACE
  -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-restrict -Wno-array-bounds
  -Wno-free-nonheap-object)
