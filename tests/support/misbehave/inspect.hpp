// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a child has inherited; each function prints one line of JSON.

#include <string>

namespace misbehave {

std::string descriptors();  // [0,1,2,3]
std::string signals();      // {"SigBlk":"0000000000000000","SigIgn":…,"SigCgt":…}
std::string environment();  // ["A=1",…]
std::string identity();  // {"pid":…,"ppid":…,"pgid":…,"sid":…,"uid":…,"gid":…,"umask":…,"cwd":…}

}  // namespace misbehave
