# SPDX-License-Identifier: Apache-2.0
# holdfast::hardening: what Debian's own hardening=+all asks for, and reproducible paths.
add_library(holdfast_hardening INTERFACE)
add_library(holdfast::hardening ALIAS holdfast_hardening)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_compile_options(holdfast_hardening INTERFACE
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=build
  $<$<CONFIG:Release>:-fstack-protector-strong -fstack-clash-protection -fcf-protection
    -D_GLIBCXX_ASSERTIONS>
  # Fortified functions need an optimiser, which tests are compiled without.
  $<$<AND:$<CONFIG:Release>,$<NOT:$<BOOL:$<TARGET_PROPERTY:HOLDFAST_UNOPTIMISED>>>>:-U_FORTIFY_SOURCE
    -D_FORTIFY_SOURCE=2>
  $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>)
target_link_options(holdfast_hardening INTERFACE
  -Wl,-z,relro,-z,now -Wl,--as-needed $<$<CONFIG:Release>:-pie>)
