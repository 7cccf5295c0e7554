// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/supervisord.hpp"

#include "tests/unit/import/support.hpp"

#include <csignal>

namespace holdfast::supervisor::importer {

namespace {

Imported from_supervisord(const std::string& text, const config::Environ& environ = {}) {
  Stack stack;
  import_supervisord({{"/etc/supervisor/supervisord.conf", text}}, stack);
  return printed(stack, environ);
}

}  // namespace

TEST_CASE("a supervisord.conf of a container is taken over") {
  const Imported result = from_supervisord(R"([unix_http_server]
file=/var/run/supervisor.sock   ; the path to the socket file

[supervisord]
nodaemon=true
logfile=/dev/null
pidfile=/tmp/supervisord.pid
loglevel=warn
user=root

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[program:php-fpm]
command=/usr/local/sbin/php-fpm -F -c "/etc/php fpm.ini"
autostart=true
autorestart=true
startretries=3
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
stderr_logfile=/dev/stderr
stderr_logfile_maxbytes=0
stopsignal=QUIT

[program:queue]
process_name=%(program_name)s_%(process_num)02d
command=php artisan queue:work --queue=%(ENV_QUEUE)s --name=%(program_name)s-%(process_num)02d --load=50%%
directory=/var/www/html
numprocs=4
user=www-data
autorestart=unexpected
startsecs=0
stopwaitsecs=3600
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile=/var/www/html/storage/logs/%(program_name)s.log
stdout_logfile_maxbytes=2MB
environment=APP_ENV="production",DEBUG=false,
    LONG="a, b"
umask=022

[eventlistener:watchdog]
command=/usr/local/bin/kill-supervisor
events=PROCESS_STATE_FATAL

[group:web]
programs=php-fpm
)",
                                           {{"QUEUE", "mail"}});
  const config::Program& fpm = result.program("php-fpm");
  CHECK(fpm.command == Words{"/usr/local/sbin/php-fpm", "-F", "-c", "/etc/php fpm.ini"});
  CHECK(fpm.restart == config::RestartPolicy::Always);
  CHECK(fpm.stop_signal == 3);
  CHECK(fpm.stop_scope == config::StopScope::Main);
  CHECK(fpm.log_file.empty());
  CHECK(result.says("# not taken over: startretries=3: retries never end"));
  const config::Program& queue = result.program("queue");
  CHECK(queue.command ==
        Words{"php", "artisan", "queue:work", "--queue=mail", "--name=queue-{slot}", "--load=50%"});
  CHECK(queue.replicas == 4);
  CHECK(queue.user == "www-data");
  CHECK(queue.restart == config::RestartPolicy::OnFailure);
  CHECK(queue.stop_timeout == std::chrono::hours(1));
  CHECK(queue.stop_scope == config::StopScope::Group);
  CHECK(queue.stderr_level == log::Level::Info);
  CHECK(queue.log_file == "/var/www/html/storage/logs/queue.log");
  CHECK(queue.umask == 022);
  CHECK(queue.environment ==
        Variables{{"APP_ENV", "production"}, {"DEBUG", "false"}, {"LONG", "a, b"}});
  CHECK(result.says("# not taken over: stdout_logfile_maxbytes=2MB"));
  CHECK(result.says("# not taken over: [eventlistener:watchdog]"));
  CHECK(fpm.groups == Words{"web"});
  CHECK(result.config.log.level == log::Level::Warn);
  CHECK(result.config.programs.size() == 2);
}

TEST_CASE("a process number at the end of a port is Holdfast's port") {
  const Imported result = from_supervisord(
      "[program:tornado]\ncommand=python app.py --port=80%(process_num)02d\nnumprocs=3\n"
      "numprocs_start=1\nprocess_name=%(program_name)s_%(process_num)02d\n");
  const config::Program& tornado = result.program("tornado");
  CHECK(tornado.command == Words{"python", "app.py", "--port={port}"});
  CHECK(tornado.port == 8001);
}

TEST_CASE("supervisord's own spellings are read: colons, any case, comments, relative paths") {
  const Imported result = from_supervisord(
      "[program:Demo App]\n; a comment\nCommand:./run.sh -x  ; another\nDirectory:%(here)s/demo\n"
      "stdout_logfile:logs/demo.log\nautorestart:false\nexitcodes:0,2\npriority:5\n"
      "startsecs:10\nserverurl:AUTO\nnot_a_key:1\nstopsignal:USR2\n");
  const config::Program& demo = result.program("demo-app");
  CHECK(demo.command == Words{"/etc/supervisor/./run.sh", "-x"});
  CHECK(demo.directory == "/etc/supervisor/demo");
  CHECK(demo.log_file == "/etc/supervisor/logs/demo.log");
  CHECK(demo.restart == config::RestartPolicy::Never);
  CHECK(demo.settled_after == std::chrono::seconds(10));
  CHECK(result.says("success_exit_codes = [2]\n"));
  for (const char* part : {"priority=5", "serverurl=AUTO", "not_a_key=1"}) {
    INFO(part);
    CHECK(result.says("# not taken over: " + std::string(part)));
  }
}

TEST_CASE("comments of a supervisord.conf begin at a ';' or '#' behind a blank, on every line") {
  const Imported result = from_supervisord(
      "[supervisord] # the daemon\nloglevel=info ; all\n[program:web]\t; shop\n"
      "command=./run.sh a#b c;d # more\n  # none\n  -x\t# and this\n\n"
      "directory=/srv/web#1 # here\nuser=web # who\n");
  const config::Program& web = result.program("web");
  CHECK(web.command == Words{"/etc/supervisor/./run.sh", "a#b", "c;d", "-x"});
  CHECK(web.directory == "/srv/web#1");
  CHECK(web.user == "web");
  CHECK(result.config.log.level == log::Level::Info);
}

TEST_CASE("every log level of supervisord has its own here") {
  const auto [theirs, ours] = GENERATE(table<const char*, log::Level>({
      {"critical", log::Level::Error},
      {"error", log::Level::Error},
      {"warn", log::Level::Warn},
      {"info", log::Level::Info},
      {"debug", log::Level::Debug},
      {"trace", log::Level::Trace},
      {"blather", log::Level::Trace},
  }));
  CAPTURE(theirs);
  CHECK(from_supervisord(fmt::format("[supervisord]\nloglevel={}\n", theirs)).config.log.level ==
        ours);
}

TEST_CASE("what supervisord includes is imported, with the values that all have in common") {
  const Source main{"/etc/supervisor/supervisord.conf",
                    "[supervisord]\nenvironment=A=\"1\",B=\"2\"\n[include]\n"
                    "files = conf.d/*.conf %(here)s/more.ini\n"};
  CHECK(includes_of_supervisord(main) == Words{"conf.d/*.conf", "/etc/supervisor/more.ini"});
  Stack stack;
  import_supervisord(
      {main, {"/etc/supervisor/conf.d/a.conf", "[program:a]\ncommand=a\nenvironment=B=\"3\"\n"}},
      stack);
  CHECK(printed(stack).program("a").environment == Variables{{"A", "1"}, {"B", "3"}});
}

TEST_CASE("a value that Holdfast refuses becomes a comment with the reason") {
  const Imported result = from_supervisord(
      "[program:a]\ncommand=a\nstopsignal=SIGWINCH2\nuser=a:b\nstopwaitsecs=99999999\n");
  CHECK(result.program("a").stop_signal == 15);
  CHECK(result.says("# not taken over: stop_signal = \"SIGWINCH2\""));
  CHECK(result.says("# not taken over: user = \"a:b\""));
  CHECK(result.says("# not taken over: stop_timeout"));
}

TEST_CASE("httpok and memmon become the health probe and the memory limit of their programs") {
  const Imported result = from_supervisord(
      "[program:web]\ncommand=/srv/web\n[program:job]\ncommand=/srv/job\nnumprocs=2\n"
      "process_name=%(program_name)s_%(process_num)02d\n"
      "[eventlistener:httpok]\ncommand=/usr/bin/httpok -p web -t 5 -c 204 -m me@example.org "
      "http://localhost:8080/up\nevents=TICK_5\n"
      "[eventlistener:memmon]\ncommand=python3 -m superlance.memmon -p web=200MB "
      "--program=jobs:job_00=1GB -m me@example.org\nevents=TICK_60\n"
      "[eventlistener:crashmail]\ncommand=crashmail -a -m me@example.org\n"
      "events=PROCESS_STATE_EXITED\n");
  const config::Program& web = result.program("web");
  CHECK(result.says("health = \"http://localhost:8080/up\"\n"));
  CHECK(web.health_interval == std::chrono::seconds(5));
  CHECK(web.health_timeout == std::chrono::seconds(5));
  CHECK(web.health_failures == 1);
  CHECK(result.says("health_statuses = [204]\n"));
  CHECK(web.memory_high == 200u << 20);
  CHECK(web.memory_measure == config::MemoryMeasure::Rss);
  CHECK(result.program("job").memory_high == 1u << 30);
  CHECK(result.program("job").health.asks() == false);
  CHECK(result.says("# not taken over: [eventlistener:crashmail]"));
}

TEST_CASE("values that the environment gives stay variables") {
  const Imported result = from_supervisord(R"([program:queue]
command=php artisan queue:work
process_name=%(program_name)s_%(process_num)02d
numprocs=%(ENV_WORKERS)s
autostart=%(ENV_RUN_QUEUE)s
autorestart=%(ENV_AGAIN)s
stopwaitsecs=%(ENV_WAIT)s
stopsignal=%(ENV_SIGNAL)s
environment=GROUP="%(group_name)s"
[program:alone]
command=a %(group_name)s
[group:shop]
programs=queue,gone
priority=5
)",
                                           {{"WORKERS", "3"},
                                            {"RUN_QUEUE", "false"},
                                            {"AGAIN", "true"},
                                            {"WAIT", "90"},
                                            {"SIGNAL", "QUIT"}});
  const config::Program& queue = result.program("queue");
  CHECK(queue.replicas == 3);
  CHECK_FALSE(queue.autostart);
  CHECK(queue.stop_timeout == std::chrono::seconds(90));
  CHECK(queue.stop_signal == SIGQUIT);
  CHECK(queue.environment == Variables{{"GROUP", "shop"}});
  CHECK(result.program("alone").command == Words{"a", "alone"});
  CHECK(result.says("# not taken over: autorestart=%(ENV_AGAIN)s: write restart = "));
  CHECK(result.says("# not taken over: [group:shop] programs=gone: there is no such program"));
  CHECK(result.says("# not taken over: [group:shop] priority=5"));
}

TEST_CASE("words that are no log files are known in any case") {
  const Imported result = from_supervisord(
      "[program:a]\ncommand=a\nstdout_logfile=none\nstderr_logfile=Off\n"
      "[program:b]\ncommand=b\nstdout_logfile=auto\nexitcodes=3\nnumprocs=many\n");
  CHECK_FALSE(result.says("log_file = "));
  CHECK(result.says("# not taken over: stdout_logfile=none"));
  CHECK(result.says("# exitcodes had no 0"));
  CHECK(result.says("# not taken over: numprocs=many: it is no number"));
}

}  // namespace holdfast::supervisor::importer
