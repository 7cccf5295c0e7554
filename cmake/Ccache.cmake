# SPDX-License-Identifier: Apache-2.0
# A second build of the same sources, in any configuration, should cost seconds.
find_program(CCACHE_PROGRAM ccache)
# Paths are taken relative to the checkout, so that two checkouts share what they have in common.
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
    CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()
