# SPDX-License-Identifier: Apache-2.0
# holdfast::linker: mold, where it is installed, for what is not shipped. Its links take a third of
# the time of the default linker, and there are hundreds.
include(CheckLinkerFlag)
add_library(holdfast_linker INTERFACE)
add_library(holdfast::linker ALIAS holdfast_linker)
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  check_linker_flag(CXX -fuse-ld=mold HOLDFAST_USES_MOLD)
  if(HOLDFAST_USES_MOLD)
    target_link_options(holdfast_linker INTERFACE -fuse-ld=mold)
  endif()
endif()
