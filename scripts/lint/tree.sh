#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rules of the tree: licence lines, sizes, includes that run one way, shell that shellcheck likes.
set -uo pipefail
bad=0
complain() { echo "$1"; bad=1; }

while read -r file; do
  head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || complain "$file: no SPDX line"
done < <(git ls-files '*.cpp' '*.hpp' '*.cmake' '*CMakeLists.txt' '*.sh' run test .ci/run)

while read -r lines file; do
  [ "$lines" -le 600 ] || complain "$file: $lines lines; 600 is the limit, split it by what it says"
done < <(git ls-files '*.cpp' '*.hpp' | xargs wc -l | grep -v ' total$')

# common <- supervisor | api-worker | queue-worker, and never across.
check_includes() { # FOLDER FORBIDDEN-REGEX
  local hits
  hits=$(git grep -nE "^#include \"($2)/" -- "$1/*.cpp" "$1/*.hpp") && complain "$hits"
}
check_includes common 'supervisor|api-worker|queue-worker|tests'
check_includes supervisor 'api-worker|queue-worker|tests'
check_includes api-worker 'supervisor|queue-worker|tests'
check_includes queue-worker 'supervisor|api-worker|tests'
# The core decides and does nothing else.
git grep -nE '^#include <(boost|sys/|unistd|fcntl|thread|mutex|httplib)' -- 'supervisor/core/*' &&
  complain 'supervisor/core is pure: no system calls, threads or Boost'
# Beast costs seconds in every file that sees it.
beast=$(git grep -lE '#include <boost/beast' -- '*.cpp' '*.hpp' | wc -l)
[ "$beast" -le 4 ] || complain "Boost.Beast is included by $beast files"

git ls-files '*.sh' run test .ci/run | xargs shellcheck -x || bad=1
exit $bad
