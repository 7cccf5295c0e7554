// SPDX-License-Identifier: Apache-2.0
#include "common/command_line/help_format.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace holdfast::command_line {

namespace {

// CLI11's name of a type, with what its checks say after a colon: "UINT:INT in [0 - 1000]",
// "TEXT:{read,write}".
std::string value_name(const std::string& type) {
  const std::size_t colon = type.find(':');
  if (colon != std::string::npos && type.compare(colon + 1, 1, "{") == 0)
    return type.substr(colon + 1);
  const std::string name = type.substr(0, colon);
  return name == "UINT" || name == "INT" ? "N" : name;
}

class HelpFormat final : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    if (is_positional && !option->get_option_text().empty()) return option->get_option_text();
    return Formatter::make_option_name(option, is_positional);
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (!option->get_option_text().empty() || option->get_type_size() == 0) return {};
    std::string text;
    if (!option->get_positional()) text = " " + value_name(option->get_type_name());
    if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
    if (option->get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
    return text;
  }

  std::string make_option_usage(const CLI::Option* option) const override {
    if (!option->get_option_text().empty()) return option->get_option_text();
    return Formatter::make_option_usage(option);
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format() {
  return std::make_shared<HelpFormat>();
}

}  // namespace holdfast::command_line
