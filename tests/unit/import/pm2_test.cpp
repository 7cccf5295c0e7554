// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/pm2.hpp"

#include "supervisor/import/js_value.hpp"
#include "tests/unit/import/support.hpp"

namespace holdfast::supervisor::importer {

namespace {

Imported from_pm2(const std::string& text, const config::Environ& environ = {}) {
  Stack stack;
  const auto result = import_pm2({"/srv/app/ecosystem.config.js", text}, {4, {}}, stack);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result);
  return printed(stack, environ);
}

std::string refused(const std::string& text) {
  Stack stack;
  const auto result = import_pm2({"/srv/app/ecosystem.config.js", text}, {4, {}}, stack);
  return result ? "not refused" : result.error().message;
}

}  // namespace

TEST_CASE("an ecosystem file is taken over, from JSON and from JavaScript") {
  const std::string text = GENERATE(as<std::string>{}, R"({
  "apps": [{
    "name": "api", "script": "dist/server.js", "args": "--port 3000 --name 'a b'", "cwd": "./backend",
    "node_args": ["--max-old-space-size=1024"], "instances": 2, "exec_mode": "cluster",
    "env": { "NODE_ENV": "production", "PORT": 5000 }, "env_staging": { "NODE_ENV": "staging" },
    "error_file": "./logs/err.log", "out_file": "./logs/out.log", "kill_timeout": 5000,
    "max_restarts": 10, "min_uptime": "20s", "watch": false, "time": true
  }]
})",
                                    R"(// PM2
const path = require('path');
module.exports = {
  apps: [
    {
      name: 'api',
      script: "dist/server.js", /* built */
      args: "--port 3000 --name 'a b'",
      cwd: './backend',
      node_args: ['--max-old-space-size=1024'],
      instances: 2,
      exec_mode: `cluster`,
      env: { NODE_ENV: 'production', PORT: 5000 },
      env_staging: { NODE_ENV: 'staging' },
      error_file: './logs/err.log',
      out_file: './logs/out.log',
      kill_timeout: 5_000,
      max_restarts: 10,
      min_uptime: '20s',
      watch: false,
      time: true,
    },
  ],
};
)");
  const Imported result = from_pm2(text);
  const config::Program& api = result.program("api");
  CHECK(api.command == Words{"node", "--max-old-space-size=1024", "/srv/app/backend/dist/server.js",
                             "--port", "3000", "--name", "a b"});
  CHECK(api.directory == "/srv/app/backend");
  CHECK(api.replicas == 2);
  CHECK(api.environment ==
        Variables{{"NODE_APP_INSTANCE", "{slot}"}, {"NODE_ENV", "production"}, {"PORT", "5000"}});
  CHECK(api.stop_signal == 2);
  CHECK(api.stop_timeout == std::chrono::seconds(5));
  CHECK(api.settled_after == std::chrono::seconds(20));
  CHECK(api.log_file == "/srv/app/backend/logs/out.log");
  CHECK(result.says("# not taken over: exec_mode: cluster"));
  CHECK(result.says("# not taken over: env_staging: { NODE_ENV = staging }"));
  CHECK(result.says("# not taken over: error_file: ./logs/err.log"));
  CHECK(result.says("# not taken over: max_restarts: 10"));
}

TEST_CASE("PM2's ways to name a program are understood") {
  const Imported result = from_pm2(R"(module.exports = [
  { name: 'npm', script: 'npm', args: 'run start' },
  { name: 'line', script: 'serve -s build -l 80' },
  { name: 'python', script: '/tmp/x.py', interpreter: '/opt/venv/bin/python' },
  { name: 'binary', script: './bin/server', interpreter: 'none', args: ['a b', 'c'] },
  { name: 'none', script: 'server.js', interpreter: 'none' },
  { script: './worker.mjs', autorestart: false },
])");
  CHECK(result.program("npm").command == Words{"npm", "run", "start"});
  CHECK(result.program("line").command == Words{"serve", "-s", "build", "-l", "80"});
  CHECK(result.program("python").command == Words{"/opt/venv/bin/python", "/tmp/x.py"});
  CHECK(result.program("binary").command == Words{"/srv/app/bin/server", "a b", "c"});
  CHECK(result.program("none").command == Words{"/srv/app/server.js"});
  CHECK(result.program("worker").command == Words{"node", "/srv/app/worker.mjs"});
  CHECK(result.program("worker").restart == config::RestartPolicy::Never);
}

TEST_CASE("what JavaScript takes from the environment becomes a variable, the rest a comment") {
  const Imported result = from_pm2(R"(
const isDev = process.env.NODE_ENV === "dev";
module.exports = {
  apps: [{
    name: "web",
    script: path.join(__dirname, 'dist', 'main.js'),
    cwd: __dirname,
    instances: process.env.WEB_CONCURRENCY || 2,
    env: {
      JWT_SECRET: process.env.JWT_SECRET,
      HOST: process.env['HOST'] || 'localhost',
      URL: 'http://' + process.env.HOST + '/x',
      MODE: isDev ? 'a' : 'b',
      ...common,
    },
    max_memory_restart: '1G',
    cron_restart: '0 3 * * *',
  }],
  deploy: { production: { user: 'x' } },
})",
                                   {{"JWT_SECRET", "s"}, {"HOST", "h"}, {"WEB_CONCURRENCY", "3"}});
  const config::Program& web = result.program("web");
  CHECK(web.command == Words{"node", "/srv/app/dist/main.js"});
  CHECK(web.replicas == 3);
  CHECK(web.environment == Variables{{"HOST", "h"},
                                     {"JWT_SECRET", "s"},
                                     {"NODE_APP_INSTANCE", "{slot}"},
                                     {"URL", "http://h/x"}});
  CHECK(result.says("HOST = \"${HOST:-localhost}\""));
  CHECK(result.says("# not taken over: env.MODE: isDev ? 'a' : 'b'"));
  CHECK(result.says("# not taken over: env....: common"));
  CHECK(result.says("memory_high = \"1GiB\"\n"));
  CHECK(result.says("# not taken over: cron_restart: 0 3 * * *: let cron run"));
  CHECK(result.says("# not taken over: deploy"));
}

TEST_CASE("a template takes in what the environment has, and the apps behind it stay") {
  const Imported result = from_pm2(R"(module.exports = { apps: [
    { name: 'api', script: 'api.js', env: { URL:
        `http://${process.env.HOST}/${ process.env.P || 'x' }`,
      A: `a ${f(`}${"`"}`)} b`, B: 'a-' + 1 } },
    { name: 'worker', script: 'worker.js' },
    { name: 'cron', script: `${__dirname}/cron.js`, env: { URL: `redis://${process.env.HOST}`,
      LITERAL: `\${X} $${process.env.HOST}` } },
  ] })",
                                   {{"HOST", "h"}});
  REQUIRE(result.config.programs.size() == 3);
  CHECK(result.program("api").environment == Variables{{"URL", "http://h/x"}});
  CHECK(result.says("# not taken over: env.A: `a ${f(`}${\"`\"}`)} b`"));
  CHECK(result.says("# not taken over: env.B: 'a-' + 1"));
  CHECK(result.program("worker").command == Words{"node", "/srv/app/worker.js"});
  CHECK(result.program("cron").command == Words{"node", "/srv/app/cron.js"});
  CHECK(result.program("cron").environment ==
        Variables{{"LITERAL", "${X} $h"}, {"URL", "redis://h"}});
}

TEST_CASE("what only JavaScript can tell is a comment, and the rest of the file is taken over") {
  const Imported result = from_pm2(R"(module.exports = { apps: [
    { name: 'a', script: 'a.js', cwd: base, args: ['--port', port], user: who, interpreter,
      env: { NODE_ENV, [key]: 1, get SECRET() { return "},"; }, run(a, b) { return a; },
        async wait() {}, *each() {}, get: 'g', X: 'x', PATTERN: /["'},[/]/, Y: f(/* don't */ 1), } },
    { name: 'c', script: 'c.js', env: common, max_memory_restart: limit(),
      error_file: `${log}/e`, ignore_watch: [/[\/'"]x/, `a${b}`], watch: true },
    { name: 'd', script: 'caf\u00e9\x2d\ud83d\ude00.js', env: { BAD: '\u{1F600}', Z: 'z' } },
  ] })");
  REQUIRE(result.config.programs.size() == 3);
  const config::Program& a = result.program("a");
  CHECK(a.command == Words{"node", "/srv/app/a.js"});
  CHECK(a.directory == "/srv/app");
  CHECK(a.user.empty());
  CHECK(a.environment == Variables{{"X", "x"}, {"get", "g"}});
  for (const char* what :
       {"cwd: base", "args: [--port, port]", "uid: who", "interpreter: interpreter",
        "env.NODE_ENV: NODE_ENV", "env.[key]: 1", "env.SECRET: get SECRET() { return \"},\"; }",
        "env.run: run(a, b) { return a; }", "env.wait: async wait() {}", "env.each: *each() {}",
        "env.PATTERN: /[\"'},[/]/", "env.Y: f(/* don't */ 1)", "env: common",
        "max_memory_restart: limit()", "error_file: `${log}/e`", "ignore_watch: /[\\/'\"]x/",
        "env.BAD: '\\u{1F600}'"}) {
    INFO(what);
    CHECK(result.says(std::string("# not taken over: ") + what));
  }
  CHECK(result.program("c").environment.empty());
  CHECK(result.program("d").command == Words{"node", "/srv/app/café-😀.js"});
  CHECK(result.program("d").environment == Variables{{"Z", "z"}});
}

TEST_CASE("PM2's other names of a key are understood") {
  const Imported result = from_pm2(R"(module.exports = [
  { name: 'a', exec: 'a.py', exec_interpreter: '/opt/python', interpreterArgs: '-u', port: 8080,
    out_log: '/l/out', err_log: '/l/err', cron: '0 3 * * *', killTimeout: 5000, execMode: 'fork',
    maxMemoryRestart: '1G', stopExitCodes: [0] },
  { exec: 'b.js', script: null, output: '/l/b' },
])");
  const config::Program& a = result.program("a");
  CHECK(a.command == Words{"/opt/python", "-u", "/srv/app/a.py"});
  CHECK(a.environment == Variables{{"PORT", "8080"}});
  CHECK(a.log_file == "/l/out");
  CHECK(a.stop_timeout == std::chrono::seconds(5));
  CHECK(a.restart == config::RestartPolicy::OnFailure);
  CHECK(result.says("memory_high = \"1GiB\"\n"));
  CHECK(result.says("# not taken over: error_file: /l/err: both streams"));
  CHECK(result.says("# not taken over: cron_restart: 0 3 * * *: let cron run"));
  CHECK_FALSE(result.says("not taken over: exec"));
  CHECK(result.program("b").command == Words{"node", "/srv/app/b.js"});
  CHECK(result.program("b").log_file == "/l/b");
}

TEST_CASE("instances that depend on the machine are counted here") {
  const Imported result = from_pm2(R"({"apps": [{"name": "a", "script": "a.js", "instances": "max"},
    {"name": "b", "script": "b.js", "instances": -1}, {"name": "c", "script": "c.js", "instances": 0,
     "increment_var": "PORT", "env": {"PORT": 3000}, "instance_var": "ID", "watch": ["src"]}]})");
  CHECK(result.program("a").replicas == 4);
  CHECK(result.program("b").replicas == 3);
  const config::Program& c = result.program("c");
  CHECK(c.replicas == 4);
  CHECK(c.port == 3000);
  CHECK(c.environment == Variables{{"ID", "{slot}"}, {"PORT", "{port}"}});
}

TEST_CASE("a file that is no ecosystem file is refused with what to do") {
  CHECK(refused("const x = require('y');\n\nmodule.exports = build(x);\n")
            .find("line 3: 'module.exp") == 0);
  CHECK(refused("const x = 1;").find("neither JSON nor") != std::string::npos);
  CHECK(refused("{\"name\": 1}").find("no `apps`") != std::string::npos);
  CHECK(refused("module.exports = {\n  apps: [\n    { name 'a' }]}").find("line 3") == 0);
  CHECK(refused("module.exports = { apps: [ { name: 'a'").find("line 1") == 0);
  CHECK(refused(std::string(1000, '[')).find("nested too deep") != std::string::npos);
}

TEST_CASE("JavaScript literals are read as JavaScript does") {
  const auto value = parse_js(
      "module.exports = { a: 'it\\'s', \"b-c\": \"x\\ny\", 1: [1, -2.5, 0x10,], t: true, n: null, "
      "u: undefined, s: `a`, d: '${X} $$', e: f(1, [2]) };",
      "/d");
  REQUIRE(value);
  CHECK(value->find("a")->text() == "it's");
  CHECK(value->find("b-c")->text() == "x\ny");
  CHECK(value->find("1")->array()->size() == 3);
  CHECK(value->find("1")->array()->at(1).text() == "-2.5");
  CHECK(value->find("t")->text() == "true");
  CHECK(value->find("n")->is_null());
  CHECK(value->find("u")->is_null());
  CHECK(value->find("d")->text() == "$${X} $$");  // as it stands in a holdfast.toml
  CHECK(std::holds_alternative<JsExpression>(value->find("e")->data));
  CHECK(value->find("e")->text() == "f(1, [2])");
  CHECK(value->find("x") == nullptr);
}

TEST_CASE("a watch of PM2 is one here") {
  const Imported result = from_pm2(R"({"apps": [
    {"name": "all", "script": "a.js", "watch": true},
    {"name": "some", "script": "a.js", "watch": ["server", "lib/**/*.js"], "watch_delay": 1000,
     "ignore_watch": ["node_modules", "\\.git", "[\\/\\\\]\\./", "*.log"],
     "watch_options": {"followSymlinks": false}},
    {"name": "one", "script": "a.js", "watch": "src"},
    {"name": "none", "script": "a.js", "watch": false, "ignore_watch": ["x"]}]})");
  CHECK(result.program("all-program").watch == Words{"**"});
  CHECK(result.program("all-program").watch_ignore == Words{"node_modules/", ".*"});
  const config::Program& some = result.program("some");
  CHECK(some.watch == Words{"server", "lib/**/*.js"});
  CHECK(some.watch_ignore == Words{"node_modules", "\\.git", "*.log"});
  CHECK(some.watch_delay == std::chrono::seconds(1));
  CHECK(result.program("one").watch == Words{"src"});
  CHECK(result.program("none").watch.empty());
  CHECK(result.says("# not taken over: ignore_watch: [\\/\\\\]\\./: write a pattern"));
  CHECK(result.says("# not taken over: watch_options"));
}

TEST_CASE("constants of the file are known, however the apps are exported") {
  const char* const head =
      "const path = require('path')\n"
      "const root = path.resolve(process.env.ROOT || '/var/www')\n"
      "const port = parseInt(process.env.P || '3000', 10), wait = 5000\n"
      "const common = { autorestart: false, kill_timeout: wait }\n"
      "const app = { ...common, name: 'web', cwd: path.join(root, 'api'),\n"
      "  script: './a.js', args: `--port=3000 --port ${port}`, env: { PORT: port } }\n"
      "const apps = [app]\n";
  for (const char* exported :
       {"module.exports = { apps };\n", "module.exports.apps = apps\n", "exports.apps = apps;",
        "module.exports = { apps: apps }", "const all = { apps }\nmodule.exports = all\n",
        "export default { apps: [...apps] };", "module.exports = exports = { apps: [app] }",
        "module.exports = apps\n// and module.exports = stays\n"}) {
    INFO(exported);
    const Imported result = from_pm2(std::string(head) + exported, {{"ROOT", "/srv/x"}});
    const config::Program& web = result.program("web");
    CHECK(web.command == Words{"node", "/srv/x/api/a.js", "--port=3000", "--port", "3000"});
    CHECK(web.directory == "/srv/x/api");
    CHECK(web.environment == Variables{{"PORT", "3000"}});
    CHECK(web.stop_timeout == std::chrono::seconds(5));
    CHECK(result.says("restart = \"never\"\n"));
  }
}

TEST_CASE("what may be another value by the time it is exported is not believed") {
  for (const char* text :
       {"const apps = [];\nfor (let i = 0; i < 3; i++) { apps.push({ script: `${i}.js` }); }\n"
        "module.exports = { apps };",
        "module.exports = { apps: [{ script: 'a.js' }] };\nmodule.exports.apps.push({ script: 'b' "
        "});",
        "let apps = [{ script: 'a.js' }];\nif (x) apps = [];\nmodule.exports = { apps };",
        "const apps = [{ script: 'a.js' }];\napps[0].script = 'b.js';\nmodule.exports = { apps };",
        "const apps = [{ script: 'a.js' }];\nObject.assign(apps[0], x);\nmodule.exports = { apps "
        "};",
        "module.exports = { apps: names.map((n) => ({ name: n, script: 'a.js' })) };",
        "module.exports = [{ script: 'a.js' }].concat(more);"}) {
    INFO(text);
    CHECK(refused(text).find("JSON.stringify(require(") != std::string::npos);
  }
  // Constants that are made of each other do not grow without end.
  std::string doubled = "const a0 = ['xxxxxxxx'];\n";
  for (int i = 1; i < 60; ++i)
    doubled += fmt::format("const a{} = [a{}, a{}];\n", i, i - 1, i - 1);
  CHECK(refused(doubled + "module.exports = { apps: a59 };").find("only JavaScript") !=
        std::string::npos);
}

TEST_CASE("a script with arguments is a line for a shell, and other names of it are known") {
  const Imported result = from_pm2(R"(module.exports = { apps: [
    { name: 'ts', script: 'nodemon ./server.ts' }, { name: 'py', cmd: 'python3 x.py' },
    { name: 'both', script: 'A=1 npm start', interpreter: 'node' },
    { name: 'www', script: 'bin/www' }, { name: 'codes', script: 'c.js', stop_exit_codes: [0, 3] },
    { name: 'max', script: 'c.js', instances: process.env.N || 'max' },
    { name: 'bad', script: 'c.js', instances: process.env.N || 'many' },
    { name: 'odd', script: 'c.js', env: { A: process.env['A-B'], B: process.env.B || '}' } },
    { name: 'env', script: 'c.js', env: { 'a.b': 1, OK: 'x', NOTIFY_SOCKET: 's' } } ] };)");
  CHECK(result.program("ts").command == Words{"nodemon", "./server.ts"});
  CHECK(result.program("py").command == Words{"python3", "x.py"});
  CHECK(result.program("both").command == Words{"npm", "start"});
  CHECK(result.program("both").environment == Variables{{"A", "1"}});
  CHECK(result.says("# PM2 runs it with node if it is no binary"));
  CHECK(result.says("restart = \"on-failure\"\nsuccess_exit_codes = [3]\n"));
  CHECK(result.says("replicas = \"${N:-4}\"\n"));
  CHECK(result.says("# not taken over: replicas = \"${N:-many}\""));
  CHECK(result.program("env").environment == Variables{{"OK", "x"}});
  CHECK(result.says("# not taken over: the variable a.b=1: "));
  CHECK(result.says("# not taken over: env.A: process.env['A-B']: only JavaScript can tell"));
  CHECK(result.says("# not taken over: env.B: process.env.B || '}': only JavaScript can tell"));
  CHECK(result.says("# not taken over: the variable NOTIFY_SOCKET=s: "));
}

}  // namespace holdfast::supervisor::importer
