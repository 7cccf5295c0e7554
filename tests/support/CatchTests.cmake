# SPDX-License-Identifier: Apache-2.0
# holdfast_test(name KIND unit SOURCES ... LINKS ...): one Catch2 program, one CTest entry.
# What may take longest starts first: last, it would run alone while the other cores idle.
# The tests' own code is not optimised, which halves the time of their compilation; what they test
# is, in a release build. OPTIMISED is for those that compute much themselves.
#
# SANITIZERS names those under which it runs as well: "address" where input decides, "thread" where
# threads meet. Without it: both for unit tests, "address" for the others. SANITIZERS none is for
# what is about another tool (a browser, nginx), and says nothing new under either, and for
# simulations of pure code that has its unit tests.
# What runs under a sanitizer has the label `sanitized` in a release build, where the whole run does
# not run it a second time. A unit test or simulation is not even compiled there a second time: it is
# not part of `all`, but of `unit_tests` or `simulation_tests`.
# What a program of DRIVES does is start Holdfast's binaries and look at them from outside: under a
# sanitizer, that of the release build drives the binaries of this one.
function(holdfast_test name)
  cmake_parse_arguments(ARG "OPTIMISED;DRIVES" "KIND;TIMEOUT" "SOURCES;LINKS;APART;SANITIZERS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(NOT ARG_SANITIZERS)
    set(ARG_SANITIZERS address)
    if(ARG_KIND STREQUAL "unit")
      list(APPEND ARG_SANITIZERS thread)
    endif()
  endif()
  set(target ${ARG_KIND}_${name})
  add_executable(${target} ${ARG_SOURCES})
  if(ARG_APART)
    set_source_files_properties(${ARG_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  _holdfast_settings(${target})
  if(NOT ARG_OPTIMISED)
    set_target_properties(${target} PROPERTIES HOLDFAST_UNOPTIMISED ON)
    target_compile_options(${target} PRIVATE -O0)
    if(HOLDFAST_SANITIZE STREQUAL "address")
      # In the tests' own code a fifth of the time of their compilation.
      target_compile_options(${target} PRIVATE -fno-sanitize-address-use-after-scope)
    endif()
  endif()
  target_link_libraries(${target} PRIVATE holdfast::linker holdfast::test_main ${ARG_LINKS})
  if(ARG_DRIVES)
    add_dependencies(drivers ${target})
  endif()

  set(labels ${ARG_KIND})
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT none IN_LIST ARG_SANITIZERS)
    list(APPEND labels sanitized)
    if(TARGET ${ARG_KIND}_tests)
      set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
      add_dependencies(${ARG_KIND}_tests ${target})
    endif()
  endif()
  set(program $<TARGET_FILE:${target}>)
  if(HOLDFAST_SANITIZE)
    if(ARG_DRIVES OR NOT HOLDFAST_SANITIZE IN_LIST ARG_SANITIZERS)
      set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
    if(NOT HOLDFAST_SANITIZE IN_LIST ARG_SANITIZERS)
      return()
    endif()
    if(ARG_DRIVES)
      set(program ${CMAKE_SOURCE_DIR}/build/release/bin/${target})
    endif()
  endif()
  add_test(NAME ${ARG_KIND}.${name} COMMAND ${program} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  set(environment "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
  if(ARG_DRIVES AND HOLDFAST_SANITIZE)
    list(APPEND environment "HOLDFAST_SANITIZED_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  endif()
  set_tests_properties(${ARG_KIND}.${name} PROPERTIES LABELS "${labels}" TIMEOUT ${ARG_TIMEOUT}
    COST ${ARG_TIMEOUT} ENVIRONMENT "${environment}")
endfunction()
