// SPDX-License-Identifier: Apache-2.0
// A configuration in pieces.
#include "common/config/show.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/config/support.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace holdfast::config {

namespace {

namespace fs = std::filesystem;

// Files below a directory; messages are compared with the directory's name taken out.
class Files {
 public:
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((dir_ / name).parent_path());
    std::ofstream(dir_ / name, std::ios::trunc) << text;
  }
  fs::path path(const std::string& name) const { return dir_ / name; }

  Config load_good(const Environ& environ = {}) const {
    auto loaded = load(path("main.toml"), environ);
    INFO((loaded ? std::string() : format(loaded.error())));
    REQUIRE(loaded);
    return std::move(loaded->config);
  }
  std::string load_bad(const Environ& environ = {}) const {
    const auto loaded = load(path("main.toml"), environ);
    REQUIRE_FALSE(loaded);
    return without_directory(format(loaded.error()));
  }
  std::string without_directory(std::string text) const {
    const std::string prefix = dir_.path().native() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
      text.erase(at, prefix.size());
    return text;
  }

 private:
  test::TempDir dir_;
};

std::string program(const std::string& name, const std::string& more = "") {
  return "[program." + name + "]\ncommand = [\"" + name + "\"]\n" + more;
}

std::vector<std::string> program_names(const Config& config) {
  std::vector<std::string> names;
  for (const Program& one : config.programs)
    names.push_back(one.name);
  return names;
}

}  // namespace

TEST_CASE("files are included in the order of their names, after the one that includes them") {
  Files files;
  files.write("main.toml",
              "include = [\"conf.d/*.toml\", \"extra.toml\"]\n[log]\nlevel = \"warn\"\n" +
                  program("main", "after = [\"b\"]\n"));
  files.write("conf.d/20-b.toml", program("b"));
  files.write("conf.d/10-a.toml", program("a") + "[listen.a]\naddress = \"127.0.0.1:1\"\n" +
                                      "[http]\nmax_connections = 600\n");
  files.write("conf.d/readme.txt", "not TOML");
  files.write("conf.d/.hidden.toml", "not TOML");
  files.write("extra.toml", program("extra"));
  const Config config = files.load_good();
  CHECK(program_names(config) == std::vector<std::string>{"main", "a", "b", "extra"});
  CHECK(config.listen.contains("a"));
  CHECK(config.http.max_connections == 600);
  CHECK(config.source == files.path("main.toml"));
  CHECK(config.included == std::vector<fs::path>{files.path("conf.d/10-a.toml"),
                                                 files.path("conf.d/20-b.toml"),
                                                 files.path("extra.toml")});
  const std::string shown = show(config);
  CHECK(shown.find("# and " + files.path("extra.toml").native() + "\n") != std::string::npos);
  CHECK(shown.find("include =") == std::string::npos);
}

TEST_CASE("an included file includes relative to itself, and with variables") {
  Files files;
  files.write("main.toml", "include = [\"sub/${STAGE:-dev}.toml\"]\n");
  files.write("sub/dev.toml", "include = [\"more/[ab].toml\"]\n" + program("dev"));
  files.write("sub/prod.toml", program("prod"));
  files.write("sub/more/a.toml", program("a"));
  files.write("sub/more/c.toml", program("c"));
  CHECK(program_names(files.load_good()) == std::vector<std::string>{"dev", "a"});
  CHECK(program_names(files.load_good({{"STAGE", "prod"}})) == std::vector<std::string>{"prod"});
}

TEST_CASE("a directory whose name looks like a pattern is no pattern") {
  Files files;
  files.write("a[x]*/main.toml", "include = [\"*.d/*.toml\"]\n");
  files.write("a[x]*/conf.d/a.toml", program("a"));
  const auto loaded = load(files.path("a[x]*/main.toml"), {});
  REQUIRE(loaded);
  CHECK(program_names(loaded->config) == std::vector<std::string>{"a"});
}

TEST_CASE("a pattern that matches nothing, or the including file itself, is fine") {
  Files files;
  files.write("main.toml", "include = [\"none/*.toml\", \"*.toml\"]\n" + program("main"));
  files.write("other.toml", program("other"));
  CHECK(program_names(files.load_good()) == std::vector<std::string>{"main", "other"});
}

TEST_CASE("a file that is named and missing, or is none, is a problem at that place") {
  Files files;
  files.write("main.toml",
              "include = [\n  \"missing.toml\",\n  \"conf.d\",\n  \"\",\n  7,\n"
              "  \"${NO}.toml\" ]\n" +
                  program("main"));
  files.write("conf.d/a.toml", "");
  CHECK(files.load_bad() ==
        "main.toml:2:3: include: open 'missing.toml': No such file or directory\n"
        "main.toml:3:3: include: 'conf.d' is a directory; write \"conf.d/*.toml\" for the files in "
        "it\n"
        "main.toml:4:3: include: must name files, such as \"conf.d/*.toml\"\n"
        "main.toml:5:3: include: must name files, such as \"conf.d/*.toml\"\n"
        "main.toml:6:3: the environment variable 'NO' is not set; write ${NO:-default} to give it "
        "a default, or $${NO} if it is meant for a shell");
  files.write("main.toml", "include = \"conf.d/*.toml\"\n");
  CHECK(files.load_bad() == "main.toml:1:11: include: must be an array of strings, not a string");
  files.write("main.toml", "include = [\"a.toml\"]\n");
  files.write("a.toml", "include = true\n");
  CHECK(files.load_bad() == "a.toml:1:11: include: must be an array of strings, not a boolean");
}

TEST_CASE("a problem in an included file has that file's name, and files do not get mixed up") {
  Files files;
  files.write("main.toml",
              "include = [\"b.toml\", \"a.toml\", \"c.toml\"]\n\n[log]\nlevl = \"info\"\n");
  files.write("a.toml", "\n\n" + program("a", "replica = 2\nafter = [\"nobody\"]\n"));
  files.write("b.toml", program("b", "stop_timeout = \"${TIMEOUT:-soon}\"\n"));
  files.write("c.toml", "[program.c\n");
  const std::string text = files.load_bad();
  INFO(text);
  CHECK(text.find("main.toml:4:1: [log] unknown key 'levl'") == 0);
  CHECK(text.find("\nb.toml:3:16: [program.b] stop_timeout: '${TIMEOUT:-soon}' with its") !=
        std::string::npos);
  CHECK(text.find("\na.toml:5:1: [program.a] unknown key 'replica'") != std::string::npos);
  CHECK(text.find("\na.toml:6:9: [program.a] after: there is no program 'nobody'") !=
        std::string::npos);
  CHECK(text.find("\nc.toml:1:") != std::string::npos);
  CHECK(text.find("b.toml:") < text.find("a.toml:"));
}

TEST_CASE("what two files define is refused, with both places") {
  Files files;
  files.write("main.toml", "include = [\"a.toml\", \"b.toml\"]\nenvironment = \"production\"\n" +
                               program("web"));
  files.write("a.toml", "environment = \"development\"\n[http]\nstore_threads = 3\n" +
                            program("web") + "[listen.x]\n");
  files.write("b.toml", "[http]\nmax_connections = 700\n\n[listen.x]\n" + program("other"));
  CHECK(files.load_bad() ==
        "a.toml:1:1: 'environment' is already set at main.toml:2:1\n"
        "a.toml:4:10: [program.web] is already defined at main.toml:3:10\n"
        "b.toml:1:2: [http] is already defined at a.toml:2:2\n"
        "b.toml:4:9: [listen.x] is already defined at a.toml:6:9");
}

TEST_CASE("files that include themselves or are included twice are refused") {
  Files files;
  files.write("main.toml", "include = [\"a.toml\", \"./a.toml\", \"*.toml\"]\n");
  files.write("a.toml", "include = [\"b.toml\"]\n");
  files.write("b.toml", "include = [\"a.toml\", \"main.toml\"]\n");
  CHECK(files.load_bad() ==
        "main.toml:1:22: include: './a.toml' is already included at main.toml:1:12\n"
        "main.toml:1:34: include: 'a.toml' is already included at main.toml:1:12\n"
        "main.toml:1:34: include: 'b.toml' is already included at a.toml:1:12\n"
        "b.toml:1:12: include: 'a.toml' includes itself, by a.toml -> b.toml -> a.toml\n"
        "b.toml:1:22: include: 'main.toml' includes itself, by main.toml -> a.toml -> b.toml -> "
        "main.toml");
  files.write("main.toml", "include = [\"0.toml\"]\n");
  for (int i = 0; i < 12; ++i)
    files.write(fmt::format("{}.toml", i), fmt::format("include = [\"{}.toml\"]\n", i + 1));
  files.write("12.toml", "");
  CHECK(files.load_bad() == "9.toml:1:1: include: files include one another more than 10 deep");
}

TEST_CASE("a directory that cannot be read is a problem, and no files less") {
  if (::geteuid() == 0) {
    WARN("not tested: a directory that cannot be read, because root reads every directory");
    return;
  }
  Files files;
  files.write("main.toml", "include = [\"conf.d/*.toml\"]\n");
  files.write("conf.d/a.toml", program("a"));
  fs::permissions(files.path("conf.d"), fs::perms::none);
  const std::string text = files.load_bad();
  fs::permissions(files.path("conf.d"), fs::perms::owner_all);
  CHECK(text.find("main.toml:1:12: include: read 'conf.d': Permission denied") == 0);
}

TEST_CASE("the sources of a configuration can be loaded elsewhere, with other variables") {
  Files files;
  files.write("main.toml", "include = [\"a.toml\"]\n[supervisor]\nstop_grace = \"${GRACE}\"\n");
  files.write("a.toml", program("a"));
  const auto sources = read_sources(files.path("main.toml"), {});
  REQUIRE(sources);
  const auto loaded = load_files(*sources, {{"GRACE", "40s"}});
  REQUIRE(loaded);
  CHECK(loaded->config.supervisor.stop_grace == 40s);
  CHECK(program_names(loaded->config) == std::vector<std::string>{"a"});
  const auto unset = load_files(*sources, {});
  REQUIRE_FALSE(unset);
  CHECK(files.without_directory(format(unset.error())).find("main.toml:3:14: the environment") ==
        0);
  files.write("a.toml", "[program.a\n");
  const auto broken = read_sources(files.path("main.toml"), {});
  REQUIRE_FALSE(broken);
  CHECK(files.without_directory(format(broken.error())).find("a.toml:1:") == 0);
}

TEST_CASE("the runtime directory is found in a file that is invalid otherwise") {
  Files files;
  files.write("main.toml", "include = [\"run.toml\"]\n[store]\nurl = \"${SECRET}\"\nbad = 1\n");
  files.write("run.toml", "[supervisor]\nruntime_dir = \"/run/mine\"\n");
  CHECK(find_runtime_dir(files.path("main.toml"), {}) == "/run/mine");
  CHECK(find_runtime_dir(files.path("main.toml"), {{"HOLDFAST_RUNTIME_DIR", "/run/env"}}) ==
        "/run/env");
  CHECK(find_runtime_dir({}, {}) == Supervisor().runtime_dir);
  files.write("broken.toml", "[http\n[supervisor]\n  runtime_dir = \"/run/other\"  # here\n");
  CHECK(find_runtime_dir(files.path("broken.toml"), {}) == "/run/other");
  CHECK(find_runtime_dir(files.path("broken.toml"), {{"HOLDFAST_RUNTIME_DIR", "/run/env"}}) ==
        "/run/env");
  CHECK(find_runtime_dir(files.path("missing.toml"), {}) == Supervisor().runtime_dir);
}

TEST_CASE("a pipe in the place of a file of the configuration is refused and not waited for") {
  Files files;
  files.write("main.toml", "include = [\"conf.d/*.toml\"]\n" + program("a"));
  files.write("conf.d/one.toml", "");
  fs::remove(files.path("conf.d/one.toml"));
  REQUIRE(::mkfifo(files.path("conf.d/one.toml").c_str(), 0600) == 0);
  CHECK(files.load_bad() == "main.toml:1:12: include: 'conf.d/one.toml' is not a regular file");
  CHECK(load_text(program("a"), "x.toml",
                  {{"DATABASE_URL_FILE", files.path("conf.d/one.toml").native()}})
            .error()
            .size() == 1);
  fs::rename(files.path("conf.d/one.toml"), files.path("main.toml"));
  CHECK(files.load_bad() == "main.toml: 'main.toml' is not a regular file");
}

}  // namespace holdfast::config
