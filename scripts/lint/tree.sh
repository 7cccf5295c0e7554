#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rules of the tree: licence lines, file sizes, a header for every source, the order of the
# rooms (includes run one way), and shell scripts without warnings.
set -uo pipefail
bad=0
complain() { echo "$1"; bad=1; }

while read -r file; do
  head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || complain "$file: no SPDX line"
done < <(git ls-files '*.cpp' '*.hpp' '*.cmake' '*CMakeLists.txt' '*.sh' run test .ci/run)

while read -r lines file; do
  [ "$lines" -le 600 ] || complain "$file: $lines lines; the limit is 600, split it by concept"
done < <(git ls-files '*.cpp' '*.hpp' | xargs wc -l | grep -v ' total$')

# Every source stands beside its header, because a class lives in one pair of files. The exceptions,
# by reason (tests are exempt: their sources are programs):
without_header() { # FILE
  case $1 in
    */main.cpp) ;;                         # a program
    */*_impl.cpp) ;;                       # a library that is compiled once, such as Asio
    common/metrics/catalogue_*.cpp) ;;     # the tables of catalogue.hpp, one per kind of process
    common/config/section_*.cpp) ;;        # the tables of schema.hpp, one per section of the file
    common/config/validate_*.cpp) ;;       # the rules of validate.hpp, by subject
    supervisor/alerts/receivers/*.cpp) ;;  # the kinds of kind.hpp, one file each
    common/store/postgres/job_*.cpp) ;;    # jobs.hpp, by what happens to a job
    supervisor/import/js_*.cpp) ;;         # js_reader.hpp, by what it reads
    common/http/async_get.cpp) ;;          # client.hpp on Beast: few files may include it
    common/http/fetch.cpp) ;;              # client.hpp on blocking sockets and TLS
    *) return 1 ;;
  esac
}
while read -r file; do
  [ -f "${file%.cpp}.hpp" ] || without_header "$file" ||
    complain "$file: no header of its name; put the class into one .hpp and .cpp, or state a reason in $0"
done < <(git ls-files 'common/*.cpp' 'supervisor/*.cpp' 'api-worker/*.cpp' 'queue-worker/*.cpp')

# The order of the rooms, from the bottom up. A file includes its own room and rooms on earlier
# lines. Rooms on one line are siblings that do not include each other, except for the upper floor
# of common (common/*). A folder's own files, such as main.cpp, stand above its rooms.
rooms='
common/base
common/text
common/os
common/net
common/protocol
common/*
supervisor/core supervisor/telemetry
supervisor/state
supervisor/process
supervisor/sockets
supervisor/logs
supervisor/watch
supervisor/engine supervisor/collector supervisor/alerts
supervisor/status
supervisor/daemon
supervisor/import
supervisor/cli
supervisor
api-worker/edge
api-worker/rate_limit
api-worker/middleware
api-worker/handlers
api-worker
queue-worker/jobs
queue-worker
'
includes=$(git grep -nE '^#include "' -- 'common/*.[ch]pp' 'supervisor/*.[ch]pp' 'api-worker/*.[ch]pp' \
  'queue-worker/*.[ch]pp')
upward=$(awk -v rooms="$rooms" '
  BEGIN {
    lines = split(rooms, line, "\n")
    for (i = 1; i <= lines; ++i) {
      count = split(line[i], room, " ")
      for (j = 1; j <= count; ++j) level[room[j]] = i
    }
  }
  function room_of(path,    part) {
    split(path, part, "/")
    if (split(path, part, "/") < 3) return part[1]
    return part[1] "/" part[2]
  }
  function level_of(room) {
    if (room in level) return level[room]
    return room ~ /^common\// ? level["common/*"] : 0
  }
  {
    split($0, field, ":")
    split($0, quoted, "\"")
    from = room_of(field[1])
    to = room_of(quoted[2])
    if (from == to) next
    where = field[1] ":" field[2] ": "
    if (!level_of(from)) {
      print where from " has no place in the order of the rooms; add it to scripts/lint/tree.sh"
    } else if (split(from, a, "/") && split(to, b, "/") && a[1] != b[1] && b[1] != "common") {
      print where a[1] " must not include " b[1]
    } else if (level_of(to) > level_of(from)) {
      print where from " must not include " to ", which stands above it"
    } else if (level_of(to) == level_of(from) && level_of(to) != level["common/*"]) {
      print where from " must not include its sibling " to
    } else if (from == "supervisor/telemetry" && b[1] == "supervisor") {
      print where "supervisor/telemetry is pure and includes nothing of the supervisor"
    }
  }' <<<"$includes")
[ -z "$upward" ] || complain "$upward"

# The core decides and does nothing else.
git grep -nE '^#include <(boost|sys/|unistd|fcntl|thread|mutex)' -- 'supervisor/core/*' &&
  complain 'supervisor/core is pure: no system calls, threads or Boost'
# Beast costs seconds in every file that sees it.
beast=$(git grep -lE '#include <boost/beast' -- '*.cpp' '*.hpp' | wc -l)
[ "$beast" -le 4 ] || complain "Boost.Beast is included by $beast files"

git ls-files '*.sh' run test .ci/run | xargs shellcheck -x || bad=1
exit $bad
