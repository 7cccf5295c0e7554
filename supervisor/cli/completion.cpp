// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace holdfast::supervisor::cli {

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

std::vector<std::string> flags_of(const std::vector<OptionSpec>& options, bool with_value_only) {
  std::vector<std::string> flags;
  for (const OptionSpec& option : options) {
    if (with_value_only && option.value == Value::None) continue;
    flags.insert(flags.end(), option.flags.begin(), option.flags.end());
  }
  return flags;
}

std::vector<std::string> command_names(const CommandLineSpec& spec) {
  std::vector<std::string> names;
  for (const CommandSpec& command : spec.commands)
    names.push_back(command.name);
  return names;
}

// --- bash ---------------------------------------------------------------------------------------

constexpr std::string_view kBashHead = R"(# bash completion for holdfast
_holdfast() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local command= i config=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -c|--config) config=(--config "${COMP_WORDS[i+1]}"); ((i++)) ;;
      -*) ;;
      *) [ -n "$command" ] || command=${COMP_WORDS[i]} ;;
    esac
  done
  COMPREPLY=()
)";

constexpr std::string_view kBashNames = R"($("${COMP_WORDS[0]}" "${config[@]}" names 2>/dev/null))";

std::string bash_operand(const CommandSpec& command) {
  const auto& inner = command.subcommands;
  switch (command.operand) {
    case Operand::Name:
      return fmt::format("words=\"{}{}{}\"", fmt::join(inner, " "), inner.empty() ? "" : " ",
                         kBashNames);
    case Operand::File: return "COMPREPLY=($(compgen -f -- \"$cur\")); return";
    case Operand::Shell: return "words='bash zsh fish'";
    case Operand::None: break;
  }
  return inner.empty() ? "words=" : fmt::format("words='{}'", fmt::join(inner, " "));
}

std::string bash(const CommandLineSpec& spec) {
  std::string out(kBashHead);
  out += "  case $prev in\n    -c|--config) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n";
  std::vector<std::string> valued;
  for (const CommandSpec& command : spec.commands) {
    const auto flags = flags_of(command.options, true);
    valued.insert(valued.end(), flags.begin(), flags.end());
  }
  if (!valued.empty()) out += fmt::format("    {}) return ;;\n", fmt::join(valued, "|"));
  out += "  esac\n  local words= flags=\n  case $command in\n";
  out += fmt::format("    '') words='{}'; flags='{}' ;;\n", fmt::join(command_names(spec), " "),
                     fmt::join(flags_of(spec.options, false), " "));
  for (const CommandSpec& command : spec.commands) {
    out += fmt::format("    {}) flags='{}'; ", command.name,
                       fmt::join(flags_of(command.options, false), " "));
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
      "complete -F _holdfast holdfast\n";
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
      if (inner.empty()) return " '*:name:_holdfast_names'";
      return fmt::format(" '*:name:{{ _holdfast_names; compadd {} }}'", inner);
    case Operand::File: return " '1:file:_files'";
    case Operand::Shell: return " '1:shell:(bash zsh fish)'";
    case Operand::None: break;
  }
  return inner.empty() ? "" : fmt::format(" '1:command:({})'", inner);
}

std::string zsh(const CommandLineSpec& spec) {
  std::string out = R"zsh(#compdef holdfast
_holdfast_names() {
  local -a names
  names=(${(f)"$($_holdfast_call names 2>/dev/null)"})
  compadd -a names
}

_holdfast() {
  local curcontext=$curcontext state line ret=1
  local -a _holdfast_call=(${words[1]})
  integer at=${words[(i)(-c|--config)]}
  (( at < ${#words} )) && _holdfast_call+=(--config ${words[at+1]})
  local -a commands
  commands=(
)zsh";
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
if [[ ${funcstack[1]} == _holdfast ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
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
    case Operand::Name: return " -a '(__holdfast_names)'";
    case Operand::File: return " -F";
    case Operand::Shell: return " -a 'bash zsh fish'";
    case Operand::None: break;
  }
  return "";
}

std::string fish(const CommandLineSpec& spec) {
  std::string out = R"(# fish completion for holdfast
function __holdfast_names
  set -l words (commandline -opc)
  set -l config
  for i in (seq 2 (count $words))
    if contains -- $words[$i] -c --config; and test $i -lt (count $words)
      set config --config $words[(math $i + 1)]
    end
  end
  $words[1] $config names 2>/dev/null
end

complete -c holdfast -f
)";
  for (const OptionSpec& option : spec.options)
    out += "complete -c holdfast" + fish_option(option) + "\n";
  const std::string all = fmt::format("{}", fmt::join(command_names(spec), " "));
  for (const CommandSpec& command : spec.commands) {
    out +=
        fmt::format("complete -c holdfast -n 'not __fish_seen_subcommand_from {}' -a {} -d '{}'\n",
                    all, command.name, quoted(command.help, "\\'"));
    const std::string seen =
        fmt::format("complete -c holdfast -n '__fish_seen_subcommand_from {}'", command.name);
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

std::string completion_script(Shell shell, const CommandLineSpec& spec) {
  switch (shell) {
    case Shell::Bash: return bash(spec);
    case Shell::Zsh: return zsh(spec);
    case Shell::Fish: break;
  }
  return fish(spec);
}

}  // namespace holdfast::supervisor::cli
