// SPDX-License-Identifier: Apache-2.0
#include "common/completion/scripts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace holdfast::completion {

namespace {

using Value = OptionSpec::Value;
using Operand = CommandSpec::Operand;

// For use within single quotes in any of the three shells. Help texts contain no newlines.
std::string quoted(std::string_view text, std::string_view apostrophe) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += apostrophe;
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> flags_of(const std::vector<OptionSpec>& options,
                                  std::optional<Value> value = std::nullopt) {
  std::vector<std::string> flags;
  for (const OptionSpec& option : options) {
    if (value && option.value != *value) continue;
    flags.insert(flags.end(), option.flags.begin(), option.flags.end());
  }
  return flags;
}

// Each once, of the program and of all its commands.
std::vector<std::string> flags_with(const CommandLineSpec& spec, Value value) {
  std::vector<std::string> flags = flags_of(spec.options, value);
  for (const CommandSpec& command : spec.commands) {
    const auto own = flags_of(command.options, value);
    flags.insert(flags.end(), own.begin(), own.end());
  }
  std::sort(flags.begin(), flags.end());
  flags.erase(std::unique(flags.begin(), flags.end()), flags.end());
  return flags;
}

std::vector<std::string> command_names(const CommandLineSpec& spec) {
  std::vector<std::string> names;
  for (const CommandSpec& command : spec.commands)
    names.push_back(command.name);
  return names;
}

bool takes_names(const CommandLineSpec& spec) {
  return std::any_of(spec.commands.begin(), spec.commands.end(),
                     [](const CommandSpec& command) { return command.operand == Operand::Name; });
}

// @PROGRAM@ is the program, @ID@ its name as a shell function may have it.
std::string filled_in(std::string text, const std::string& program) {
  std::string id = program;
  std::replace(id.begin(), id.end(), '-', '_');
  using Mark = std::pair<std::string_view, std::string>;
  for (const auto& [mark, value] : {Mark{"@PROGRAM@", program}, Mark{"@ID@", id}}) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size())
      text.replace(at, mark.size(), value);
  }
  return text;
}

// --- bash ---------------------------------------------------------------------------------------

constexpr std::string_view kBashHead = R"(# bash completion for @PROGRAM@
_@ID@() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local command= i config=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
)";

constexpr std::string_view kBashConfig =
    R"(      -c|--config) config=(--config "${COMP_WORDS[i+1]}"); ((i++)) ;;
)";

constexpr std::string_view kBashWords = R"(      -*) ;;
      *) [ -n "$command" ] || command=${COMP_WORDS[i]} ;;
    esac
  done
  COMPREPLY=()
)";

constexpr std::string_view kBashNames = R"($("${COMP_WORDS[0]}" "${config[@]}" names 2>/dev/null))";

// As file names: readline adds the '/' of a directory, and quotes what needs it. A test calls the
// function outside of a completion, where compopt has nothing to say.
constexpr std::string_view kBashFiles =
    "compopt -o filenames 2>/dev/null; "
    R"(mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return)";

std::string bash_operand(const CommandSpec& command) {
  const auto& inner = command.subcommands;
  switch (command.operand) {
    case Operand::Name:
      return fmt::format("words=\"{}{}{}\"", fmt::join(inner, " "), inner.empty() ? "" : " ",
                         kBashNames);
    case Operand::File: return std::string(kBashFiles);
    case Operand::Shell: return "words='bash zsh fish'";
    case Operand::None: break;
  }
  return inner.empty() ? "words=" : fmt::format("words='{}'", fmt::join(inner, " "));
}

std::string bash(const CommandLineSpec& spec) {
  std::string out(kBashHead);
  if (takes_names(spec)) out += kBashConfig;
  out += kBashWords;
  out += "  case $prev in\n";
  const auto files = flags_with(spec, Value::File);
  const auto valued = flags_with(spec, Value::Any);
  if (!files.empty()) {
    out += fmt::format("    {}) {} ;;\n", fmt::join(files, "|"), kBashFiles);
  }
  if (!valued.empty()) out += fmt::format("    {}) return ;;\n", fmt::join(valued, "|"));
  out += "  esac\n  local words= flags=\n  case $command in\n";
  out += fmt::format("    '') words='{}'; flags='{}' ;;\n", fmt::join(command_names(spec), " "),
                     fmt::join(flags_of(spec.options), " "));
  for (const CommandSpec& command : spec.commands) {
    out += fmt::format("    {}) flags='{}'; ", command.name,
                       fmt::join(flags_of(command.options), " "));
    // The shell completes file names; flags still come from us.
    out += command.operand == Operand::File ? "[[ $cur == -* ]] || { " : "";
    out += bash_operand(command);
    out += command.operand == Operand::File ? "; } ;;\n" : " ;;\n";
  }
  out +=
      "  esac\n"
      "  [[ $cur == -* ]] && words=$flags\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "}\n"
      "complete -F _@ID@ @PROGRAM@\n";
  return out;
}

// --- zsh ----------------------------------------------------------------------------------------

std::string zsh_option(const OptionSpec& option) {
  std::string help = quoted(option.help, "'\\''");
  for (std::size_t at = 0; (at = help.find_first_of("[]:", at)) != std::string::npos; at += 2)
    help.insert(at, "\\");
  const std::string action = option.value == Value::File  ? ":file:_files"
                             : option.value == Value::Any ? ":value: "
                                                          : "";
  if (option.flags.size() == 1) return fmt::format("'{}[{}]{}'", option.flags[0], help, action);
  return fmt::format("'({0})'{{{1}}}'[{2}]{3}'", fmt::join(option.flags, " "),
                     fmt::join(option.flags, ","), help, action);
}

std::string zsh_operand(const CommandSpec& command) {
  const std::string inner = fmt::format("{}", fmt::join(command.subcommands, " "));
  switch (command.operand) {
    case Operand::Name:
      if (inner.empty()) return " '*:name:_@ID@_names'";
      return fmt::format(" '*:name:{{ _@ID@_names; compadd {} }}'", inner);
    case Operand::File: return " '1:file:_files'";
    case Operand::Shell: return " '1:shell:(bash zsh fish)'";
    case Operand::None: break;
  }
  return inner.empty() ? "" : fmt::format(" '1:command:({})'", inner);
}

constexpr std::string_view kZshNames = R"zsh(_@ID@_names() {
  local -a names
  names=(${(f)"$($_@ID@_call names 2>/dev/null)"})
  compadd -a names
}

)zsh";

constexpr std::string_view kZshCall = R"zsh(  local -a _@ID@_call=(${words[1]})
  integer at=${words[(i)(-c|--config)]}
  (( at < ${#words} )) && _@ID@_call+=(--config ${words[at+1]})
)zsh";

std::string zsh(const CommandLineSpec& spec) {
  const bool named = takes_names(spec);
  std::string out = "#compdef @PROGRAM@\n";
  if (named) out += kZshNames;
  out += "_@ID@() {\n  local curcontext=$curcontext state line ret=1\n";
  if (named) out += kZshCall;
  out += "  local -a commands\n  commands=(\n";
  for (const CommandSpec& command : spec.commands) {
    out += fmt::format("    '{}:{}'\n", command.name, quoted(command.help, "'\\''"));
  }
  out += "  )\n  _arguments -C";
  for (const OptionSpec& option : spec.options)
    out += " \\\n    " + zsh_option(option);
  out += " \\\n    '1:command:->command' '*::argument:->argument' && ret=0\n";
  out +=
      "  case $state in\n"
      "    command) _describe -t commands 'command' commands && ret=0 ;;\n"
      "    argument)\n"
      "      case ${words[1]} in\n";
  for (const CommandSpec& command : spec.commands) {
    out += fmt::format("        {}) _arguments", command.name);
    for (const OptionSpec& option : command.options)
      out += " " + zsh_option(option);
    out += fmt::format("{} && ret=0 ;;\n", zsh_operand(command));
  }
  out += R"(      esac ;;
  esac
  return ret
}

# Sourced, or called by the completion system out of a directory of $fpath.
if [[ ${funcstack[1]} == _@ID@ ]]; then _@ID@ "$@"; else compdef _@ID@ @PROGRAM@; fi
)";
  return out;
}

// --- fish ---------------------------------------------------------------------------------------

std::string fish_option(const OptionSpec& option) {
  std::string out;
  for (const std::string& flag : option.flags) {
    out += flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1);
  }
  if (option.value == Value::Any) out += " -x";
  if (option.value == Value::File) out += " -r -F";
  return out + fmt::format(" -d '{}'", quoted(option.help, "\\'"));
}

std::string_view fish_operand(Operand operand) {
  switch (operand) {
    case Operand::Name: return " -a '(__@ID@_names)'";
    case Operand::File: return " -F";
    case Operand::Shell: return " -a 'bash zsh fish'";
    case Operand::None: break;
  }
  return "";
}

constexpr std::string_view kFishNames = R"(function __@ID@_names
  set -l words (commandline -opc)
  set -l config
  for i in (seq 2 (count $words))
    if contains -- $words[$i] -c --config; and test $i -lt (count $words)
      set config --config $words[(math $i + 1)]
    end
  end
  $words[1] $config names 2>/dev/null
end

)";

std::string fish(const CommandLineSpec& spec) {
  std::string out = "# fish completion for @PROGRAM@\n";
  if (takes_names(spec)) out += kFishNames;
  out += "complete -c @PROGRAM@ -f\n";
  for (const OptionSpec& option : spec.options)
    out += "complete -c @PROGRAM@" + fish_option(option) + "\n";
  const std::string all = fmt::format("{}", fmt::join(command_names(spec), " "));
  for (const CommandSpec& command : spec.commands) {
    out +=
        fmt::format("complete -c @PROGRAM@ -n 'not __fish_seen_subcommand_from {}' -a {} -d '{}'\n",
                    all, command.name, quoted(command.help, "\\'"));
    const std::string seen =
        fmt::format("complete -c @PROGRAM@ -n '__fish_seen_subcommand_from {}'", command.name);
    for (const OptionSpec& option : command.options)
      out += seen + fish_option(option) + "\n";
    if (command.operand != Operand::None)
      out += seen + std::string(fish_operand(command.operand)) + "\n";
    if (!command.subcommands.empty())
      out += fmt::format("{} -a '{}'\n", seen, fmt::join(command.subcommands, " "));
  }
  return out;
}

}  // namespace

std::optional<Shell> shell_by_name(std::string_view name) {
  if (name == "bash") return Shell::Bash;
  if (name == "zsh") return Shell::Zsh;
  if (name == "fish") return Shell::Fish;
  return std::nullopt;
}

std::string script(Shell shell, const CommandLineSpec& spec) {
  switch (shell) {
    case Shell::Bash: return filled_in(bash(spec), spec.program);
    case Shell::Zsh: return filled_in(zsh(spec), spec.program);
    case Shell::Fish: break;
  }
  return filled_in(fish(spec), spec.program);
}

}  // namespace holdfast::completion
