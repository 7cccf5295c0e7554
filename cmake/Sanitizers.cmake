# SPDX-License-Identifier: Apache-2.0
# holdfast::sanitizers: empty unless a preset sets HOLDFAST_SANITIZE to "address" or "thread".
set(HOLDFAST_SANITIZE "" CACHE STRING "address (with undefined) or thread")
add_library(holdfast_sanitizers INTERFACE)
add_library(holdfast::sanitizers ALIAS holdfast_sanitizers)
if(HOLDFAST_SANITIZE STREQUAL "address")
  # vptr asks the kernel, by a pipe, whether there is memory at an address: in a process without
  # free descriptors, which tests make, it sees faults that are none.
  # null, object-size and alignment are a third of a build's time. A null pointer that is used faults
  # by itself, ASan sees what is out of bounds, and x86-64 reads what is not aligned.
  set(_flags -fsanitize=address,undefined -fno-sanitize=vptr,null,object-size,alignment
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # What the tests themselves do is not looked through for undefined behaviour.
  set(_in_tests $<$<BOOL:$<TARGET_PROPERTY:HOLDFAST_UNOPTIMISED>>:-fno-sanitize=undefined>)
elseif(HOLDFAST_SANITIZE STREQUAL "thread")
  # Asio fences with atomic_thread_fence, which GCC's thread sanitizer warns that it does not model.
  set(_flags -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan)
elseif(HOLDFAST_SANITIZE)
  message(FATAL_ERROR "HOLDFAST_SANITIZE is '${HOLDFAST_SANITIZE}': use 'address' or 'thread'")
endif()
if(_flags)
  target_compile_options(holdfast_sanitizers INTERFACE ${_flags} ${_in_tests})
  target_link_options(holdfast_sanitizers INTERFACE ${_flags})
  target_compile_definitions(holdfast_sanitizers INTERFACE HOLDFAST_SANITIZED=1)
  target_link_libraries(holdfast_sanitizers INTERFACE holdfast::linker)
endif()
