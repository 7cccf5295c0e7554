// SPDX-License-Identifier: Apache-2.0
// fuzz_NAME DIRECTORY|FILE...: feeds every file to the target, without libFuzzer. What fails is
// named last on standard error.
#include "tests/fuzz/fuzz.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

namespace fs = std::filesystem;

int feed(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)),
                          std::istreambuf_iterator<char>());
  if (!stream.good() && !stream.eof()) {
    std::fprintf(stderr, "cannot read %s\n", file.c_str());
    return 1;
  }
  std::fprintf(stderr, "%s\n", file.c_str());
  return LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  int fed = 0;
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      if (feed(argv[i]) != 0) return 1;
      ++fed;
      continue;
    }
    for (const auto& entry : fs::directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      if (feed(entry.path()) != 0) return 1;
      ++fed;
    }
  }
  if (fed == 0) {
    std::fprintf(stderr, "usage: %s DIRECTORY|FILE...; there was no file to feed\n", argv[0]);
    return 2;
  }
  std::printf("%d inputs\n", fed);
  return 0;
}
