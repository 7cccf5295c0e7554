# SPDX-License-Identifier: Apache-2.0
# holdfast_test(name KIND unit SOURCES ... LINKS ...): one Catch2 program, one CTest entry.
# What may take longest starts first: last, it would run alone while the other cores idle.
# The tests' own code is not optimised, which halves the time of their compilation; what they test
# is. OPTIMISED is for those that compute much themselves.
function(holdfast_test name)
  cmake_parse_arguments(ARG "OPTIMISED" "KIND;TIMEOUT" "SOURCES;LINKS;APART" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
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
  endif()
  target_link_libraries(${target} PRIVATE holdfast::test_main ${ARG_LINKS})
  add_test(NAME ${ARG_KIND}.${name} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  set_tests_properties(${ARG_KIND}.${name} PROPERTIES LABELS ${ARG_KIND} TIMEOUT ${ARG_TIMEOUT}
    COST ${ARG_TIMEOUT}
    ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
endfunction()
