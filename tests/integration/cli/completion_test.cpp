// SPDX-License-Identifier: Apache-2.0
// The completion scripts, run in their shells.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

// A shell with holdfast on its PATH, and with the stack if there is one.
struct Typist {
  TempDir dir;
  std::string runtime_dir = "/nonexistent";
  mutable int runs = 0;

  std::string run(const std::vector<std::string>& argv) const {
    const char* path = std::getenv("PATH");
    Process process(argv,
                    {{"PATH", bin_dir().string() + ":" + (path == nullptr ? "" : path)},
                     {"HOME", dir.path().string()},
                     {"HOLDFAST_RUNTIME_DIR", runtime_dir},
                     {"TERM", "dumb"}},
                    dir / std::to_string(++runs));
    process.wait();
    return process.output();
  }
};

// The completions that the shell offers at the end of the command line.
std::string in_bash(const Typist& typist, const std::string& words, int cursor) {
  return typist.run({"/bin/bash", "--norc", "-c",
                     "source <(holdfast completion bash); COMP_WORDS=(" + words +
                         "); COMP_CWORD=" + std::to_string(cursor) +
                         "; _holdfast; printf '%s\\n' \"${COMPREPLY[@]}\""});
}

std::string in_fish(const Typist& typist, const std::string& line) {
  return typist.run({"/usr/bin/fish", "--no-config", "-c",
                     "holdfast completion fish | source; complete -C '" + line + "'"});
}

// A real line editor in a pseudo-terminal; Tab lists the completions.
std::string in_zsh(const Typist& typist, const std::string& line) {
  return typist.run({"/usr/bin/zsh", "-f", CAPTURE_ZSH, line});
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string stack_arguments(const Stack& stack) {
  return "--config " + stack.config_file().string();
}

}  // namespace

TEST_CASE("bash completes commands, options, shells, and names of the running fleet") {
  Stack stack(misbehaving("web", {"--ready"}, "replicas = 2\n"), {{"PORT", "0"}});
  stack.wait_ready();
  const Typist typist{{}, stack.runtime_dir().string()};
  CHECK(in_bash(typist, "holdfast re", 1) == "restart\nreload\n");
  CHECK(has(in_bash(typist, "holdfast status --", 2), "--json"));
  CHECK(in_bash(typist, "holdfast completion z", 2) == "zsh\n");
  CHECK(in_bash(typist, "holdfast alerts s", 2) == "silence\n");
  CHECK(has(in_bash(typist, "holdfast alerts silence --", 3), "--target"));
  CHECK_FALSE(has(in_bash(typist, "holdfast ''", 1), "names"));  // that one is for the scripts
  CHECK(in_bash(typist, "holdfast " + stack_arguments(stack) + " restart ''", 4) ==
        "web\nweb.0\nweb.1\nall\n");
}

TEST_CASE("bash completes the names of files as they are, whatever is in them") {
  const Typist typist;
  std::filesystem::create_directories(typist.dir / "etc/dir");
  for (const char* const name : {"a b.toml", "a*.toml", "dir/x"})
    std::ofstream(typist.dir / "etc" / name) << "";
  const std::string etc = (typist.dir / "etc").string();
  for (const std::string& command : std::vector<std::string>{
           "holdfast check-config", "holdfast --config", "holdfast import",
           "holdfast-queue-worker restore", "holdfast-queue-worker --directory"}) {
    CAPTURE(command);
    const std::string program = command.substr(0, command.find(' '));
    const std::string function = program == "holdfast" ? "_holdfast" : "_holdfast_queue_worker";
    // Where the names are, so that a '*' would find them.
    const std::string completed = typist.run(
        {"/bin/bash", "--norc", "-c",
         "cd " + etc + "; source <(" + program + " completion bash); COMP_WORDS=(" + command +
             " a); COMP_CWORD=2; " + function + "; printf '<%s>\\n' \"${COMPREPLY[@]}\" | sort"});
    CHECK(completed == "<a b.toml>\n<a*.toml>\n");
  }
}

TEST_CASE("a Tab in bash completes a directory with its '/', and quotes what needs it") {
  const Typist typist;
  std::filesystem::create_directories(typist.dir / "etc/directory");
  std::ofstream(typist.dir / "etc/with a blank.toml") << "";
  for (const std::string& command :
       std::vector<std::string>{"holdfast --config ", "holdfast-queue-worker restore "}) {
    const std::string program = command.substr(0, command.find(' '));
    const auto typed = [&](const std::string& file) {
      return typist.run({"/usr/bin/zsh", "-f", CAPTURE_BASH, program, command + file});
    };
    const std::string directory = typed("dir");
    const std::string blank = typed("with");
    INFO(directory << blank);
    CHECK(has(directory, "directory/"));
    CHECK(has(blank, "with\\ a\\ blank.toml "));
  }
}

TEST_CASE("fish completes commands, options, shells, and names of the running fleet") {
  Stack stack(misbehaving("web", {"--ready"}, "replicas = 2\n"), kNoPort);
  stack.wait_ready();
  const Typist typist{{}, stack.runtime_dir().string()};
  const std::string commands = in_fish(typist, "holdfast re");
  CHECK(has(commands, "restart\t"));
  CHECK(has(commands, "reload\t"));
  CHECK(has(in_fish(typist, "holdfast status --"), "--json"));
  CHECK(has(in_fish(typist, "holdfast completion z"), "zsh"));
  const std::string names = in_fish(typist, "holdfast " + stack_arguments(stack) + " restart web");
  CHECK(has(names, "web.0"));
  CHECK(has(names, "web.1"));
}

TEST_CASE("zsh completes commands, options, and names of the running fleet") {
  Stack stack(misbehaving("web", {"--ready"}, "replicas = 2\n"), kNoPort);
  stack.wait_ready();
  const Typist typist{{}, stack.runtime_dir().string()};
  const std::string commands = in_zsh(typist, "holdfast re");
  INFO(commands);
  CHECK(has(commands, "restart"));
  CHECK(has(commands, "Reload the configuration"));
  CHECK(has(in_zsh(typist, "holdfast status --"), "--json"));
  const std::string names = in_zsh(typist, "holdfast " + stack_arguments(stack) + " restart web");
  INFO(names);
  CHECK(has(names, "web.0"));
  CHECK(has(names, "web.1"));
}

TEST_CASE("the commands of the queue worker are completed in every shell") {
  const Typist typist;
  const std::string in_bash = typist.run(
      {"/bin/bash", "--norc", "-c",
       "source <(holdfast-queue-worker completion bash); offer() { COMP_WORDS=(\"$@\"); "
       "COMP_CWORD=$(($# - 1)); _holdfast_queue_worker; echo \"<${COMPREPLY[*]}>\"; }; "
       "offer holdfast-queue-worker re; offer holdfast-queue-worker jobs re; "
       "offer holdfast-queue-worker jobs list --st; offer holdfast-queue-worker backup --"});
  CHECK(in_bash == "<restore>\n<retry resume>\n<--status>\n<--help --force>\n");
  const auto in_fish = [&](const std::string& line) {
    return typist.run(
        {"/usr/bin/fish", "--no-config", "-c",
         "holdfast-queue-worker completion fish | source; complete -C '" + line + "'"});
  };
  CHECK(has(in_fish("holdfast-queue-worker re"), "restore\tPut a backup"));
  CHECK(has(in_fish("holdfast-queue-worker jobs pa"), "pause"));
  const std::string commands = in_zsh(typist, "holdfast-queue-worker re");
  INFO(commands);
  CHECK(has(commands, "restore"));
  CHECK(has(in_zsh(typist, "holdfast-queue-worker jobs retry --"), "--older-than"));
}
