# SPDX-License-Identifier: Apache-2.0
# holdfast_library(name SOURCES ... LINKS ...) and holdfast_executable: one shape for every target.
# Presets compile several files as one (CMAKE_UNITY_BUILD), which halves the time of a first build;
# APART names the files whose private names would meet those of a neighbour.
function(_holdfast_settings target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE
    holdfast::warnings holdfast::hardening)
  target_link_libraries(${target} PUBLIC holdfast::sanitizers)
endfunction()

function(holdfast_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS;APART" ${ARGN})
  add_library(holdfast_${name} STATIC ${ARG_SOURCES})
  add_library(holdfast::${name} ALIAS holdfast_${name})
  if(ARG_APART)
    set_source_files_properties(${ARG_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  _holdfast_settings(holdfast_${name})
  target_link_libraries(holdfast_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()

function(holdfast_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _holdfast_settings(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS})
endfunction()
