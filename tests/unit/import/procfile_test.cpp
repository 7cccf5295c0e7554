// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/procfile.hpp"

#include "tests/unit/import/support.hpp"

namespace holdfast::supervisor::importer {

namespace {

Imported from_procfile(const std::string& text, std::set<std::filesystem::path> files = {}) {
  Stack stack;
  import_procfile({"/srv/app/Procfile", text}, {2, std::move(files)}, stack);
  return printed(stack);
}

}  // namespace

TEST_CASE("each line of a Procfile is a program, with a port of its own as from foreman") {
  const Imported result = from_procfile(
      "# the site\n"
      "web: PORT=3000 bundle exec puma -C config/puma.rb\n"
      "sidekiq: bundle exec sidekiq -q default,mailers\n"
      "\n"
      "assets: ./bin/webpack-dev-server --host 127.0.0.1\r\n");
  CHECK(result.config.programs.size() == 3);
  const config::Program& web = result.program("web");
  CHECK(web.command == Words{"bundle", "exec", "puma", "-C", "config/puma.rb"});
  CHECK(web.environment == Variables{{"PORT", "3000"}});
  CHECK(web.directory == "/srv/app");
  CHECK(web.ready == config::ReadyKind::Started);
  CHECK(web.port == 0);
  const config::Program& sidekiq = result.program("sidekiq");
  CHECK(sidekiq.port == 5100);
  CHECK(sidekiq.environment == Variables{{"PORT", "{port}"}});
  CHECK(result.program("assets").command.front() == "/srv/app/bin/webpack-dev-server");
  CHECK(result.says("# the site"));
}

TEST_CASE("a Procfile's shell syntax reaches a shell, and its variables are not Holdfast's") {
  const Imported result = from_procfile(
      "web: gunicorn app.wsgi -b 0.0.0.0:${PORT:=3000} --log-file - 2>&1 | tee log\n"
      "beat: exec celery -A app beat -s \"$HOME/beat\"\n");
  CHECK(
      result.program("web").command ==
      Words{"sh", "-c", "gunicorn app.wsgi -b 0.0.0.0:${PORT:=3000} --log-file - 2>&1 | tee log"});
  CHECK(result.program("beat").command.back() == "exec celery -A app beat -s \"$HOME/beat\"");
  CHECK(result.says("$${PORT:=3000}"));
  CHECK(result.says("# only a shell can run this command line"));
}

TEST_CASE("what Heroku runs before a release runs before the others, and .env is read") {
  const Imported result = from_procfile(
      "web: gunicorn app.wsgi\nrelease: python manage.py migrate --noinput\n"
      "release: python manage.py collectstatic\n",
      {"/srv/app/.env"});
  const config::Program& release = result.program("release");
  CHECK(release.type == config::ProgramType::Oneshot);
  CHECK(release.command == Words{"python", "manage.py", "migrate", "--noinput"});
  CHECK(release.after.empty());
  CHECK(result.program("release-2").after == Words{"release"});
  CHECK(result.program("web").after == Words{"release-2"});
  CHECK(result.program("web").env_file == "/srv/app/.env");
}

TEST_CASE("names that Holdfast does not take are changed, and lines that are none are told") {
  const Imported result = from_procfile("Web_1: x\nweb-1: y\nnonsense\n: z\nempty:\n");
  CHECK(result.program("web-1").command == Words{"x"});
  CHECK(result.program("web-1-2").command == Words{"y"});
  CHECK(result.says("# was called 'Web_1'"));
  CHECK(result.says("# not taken over: line 3: nonsense"));
  CHECK(result.says("# not taken over: line 4: : z"));
  CHECK(result.says("# not taken over: line 5: empty:"));
}

}  // namespace holdfast::supervisor::importer
