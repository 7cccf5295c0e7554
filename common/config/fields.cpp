// SPDX-License-Identifier: Apache-2.0
#include "common/config/fields.hpp"

#include "common/base/duration.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::config {

namespace {

void complain(const Value& value, std::string message, Complaints& complaints) {
  complaints.push_back({value.at, std::move(message)});
}

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

// The text if it passes `check`, or nothing and a complaint.
std::optional<std::string> checked_text(const Value& given, const TextCheck& check,
                                        Complaints& complaints) {
  const std::string* text = expect_text(given, complaints);
  if (text == nullptr) return {};
  if (!check) return *text;
  auto checked = check(*text);
  if (checked) return std::move(*checked);
  complain(given, checked.error().message, complaints);
  return {};
}

}  // namespace

void complain_type(const Value& value, std::string_view expected, Complaints& complaints) {
  complain(value, fmt::format("must be {}, not {}", expected, type_name(value)), complaints);
}

Result<std::string> check_account(const std::string& text) {
  const bool fine = std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return c <= 0x20 || c == ':' || c == '/' || c == 0x7f;
  });
  if (fine) return text;
  return fail(ErrorKind::InvalidArgument, fmt::format("'{}' is not an account's name", text));
}

Field mode_field(std::string key, ReloadEffect on_reload, std::optional<std::uint32_t>& value) {
  auto read = [&value](const Value& given, Complaints& complaints) {
    const auto* text = std::get_if<std::string>(&given.data);
    // An integer would be decimal, and 22 is not 022.
    if (text == nullptr)
      return complain_type(given, "octal in quotes, such as \"022\"", complaints);
    const auto mode = text::parse_number<std::uint32_t>(*text, 8);
    if (!mode || *mode > 0777) {
      complaints.push_back(
          {given.at, fmt::format("'{}' is not an octal mask from \"000\" to \"777\"", *text)});
      return;
    }
    value = mode;
  };
  auto write = [&value]() -> std::optional<Value> {
    if (!value) return {};
    return Value{fmt::format("{:03o}", *value)};
  };
  return member_field(std::move(key), on_reload, "octal string", value, std::move(read),
                      std::move(write));
}

const std::string* expect_text(const Value& value, Complaints& complaints) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) {
    complain_type(value, "a string", complaints);
  } else if (has_nul(*text)) {
    complain(value, "must not contain a NUL character", complaints);
    return nullptr;
  }
  return text;
}

std::string to_string(ReloadEffect effects) {
  constexpr std::pair<ReloadEffect, const char*> kNames[] = {
      {ReloadEffect::Live, "live"},
      {ReloadEffect::Roll, "roll"},
      {ReloadEffect::Scale, "scale"},
      {ReloadEffect::NextStart, "next start"}};
  std::string out;
  for (const auto& [effect, name] : kNames) {
    if (!has(effects, effect)) continue;
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ", ";
    out += quote_toml(name);
  }
  return out;
}

std::string exact_bytes(std::uint64_t bytes) {
  constexpr std::pair<std::uint64_t, const char*> kUnits[] = {
      {1u << 30, "GiB"}, {1u << 20, "MiB"}, {1u << 10, "KiB"}};
  for (const auto& [size, name] : kUnits) {
    if (bytes != 0 && bytes % size == 0) return fmt::format("{}{}", bytes / size, name);
  }
  return fmt::format("{}B", bytes);
}

Field text_field(std::string key, ReloadEffect on_reload, std::string& value, TextCheck check) {
  return member_field(
      std::move(key), on_reload, "string", value,
      [&value, check = std::move(check)](const Value& given, Complaints& complaints) {
        if (auto text = checked_text(given, check, complaints)) value = std::move(*text);
      },
      [&value] { return Value{value}; });
}

Field texts_field(std::string key, ReloadEffect on_reload, std::vector<std::string>& value,
                  TextCheck check) {
  auto read = [&value, check = std::move(check)](const Value& given, Complaints& complaints) {
    const auto* array = std::get_if<Array>(&given.data);
    if (array == nullptr) return complain_type(given, "an array of strings", complaints);
    std::vector<std::string> texts;
    for (const Value& item : *array) {
      if (auto text = checked_text(item, check, complaints)) texts.push_back(std::move(*text));
    }
    // Kept even if an item was refused: other keys are checked against the good ones.
    value = std::move(texts);
  };
  auto write = [&value] {
    Array array;
    for (const std::string& text : value)
      array.push_back(Value{text});
    return Value{std::move(array)};
  };
  return member_field(std::move(key), on_reload, "array of strings", value, std::move(read),
                      std::move(write));
}

Field path_field(std::string key, ReloadEffect on_reload, std::filesystem::path& value,
                 Absence absence) {
  auto read = [&value, absence](const Value& given, Complaints& complaints) {
    const std::string* text = expect_text(given, complaints);
    if (text == nullptr) return;
    const bool fine = text->empty() ? absence == Absence::Allowed : text->front() == '/';
    // A relative path would mean another file in each program's working directory.
    if (!fine)
      return complain(given, fmt::format("'{}' must be an absolute path", *text), complaints);
    value = *text;
  };
  return member_field(std::move(key), on_reload, "path", value, std::move(read),
                      [&value] { return Value{value.native()}; });
}

Field flag_field(std::string key, ReloadEffect on_reload, bool& value) {
  return member_field(
      std::move(key), on_reload, "boolean", value,
      [&value](const Value& given, Complaints& complaints) {
        const bool* flag = std::get_if<bool>(&given.data);
        if (flag == nullptr) return complain_type(given, "true or false", complaints);
        value = *flag;
      },
      [&value] { return Value{value}; });
}

Field count_field(std::string key, ReloadEffect on_reload, std::uint32_t& value, std::uint32_t min,
                  std::uint32_t max) {
  auto read = [&value, min, max](const Value& given, Complaints& complaints) {
    const auto* number = std::get_if<std::int64_t>(&given.data);
    if (number == nullptr) return complain_type(given, "an integer", complaints);
    if (*number < min || *number > max) {
      return complain(given, fmt::format("{} is not between {} and {}", *number, min, max),
                      complaints);
    }
    value = static_cast<std::uint32_t>(*number);
  };
  return member_field(std::move(key), on_reload, "integer", value, std::move(read),
                      [&value] { return Value{static_cast<std::int64_t>(value)}; });
}

Field number_field(std::string key, ReloadEffect on_reload, double& value, double min, double max) {
  auto read = [&value, min, max](const Value& given, Complaints& complaints) {
    double number = 0;
    if (const auto* whole = std::get_if<std::int64_t>(&given.data)) {
      number = static_cast<double>(*whole);
    } else if (const auto* fraction = std::get_if<double>(&given.data)) {
      number = *fraction;
    } else {
      return complain_type(given, "a number", complaints);
    }
    if (!(number >= min && number <= max)) {  // also refuses "nan"
      return complain(given, fmt::format("{} is not between {} and {}", number, min, max),
                      complaints);
    }
    value = number;
  };
  return member_field(std::move(key), on_reload, "number", value, std::move(read),
                      [&value] { return Value{value}; });
}

Field duration_field(std::string key, ReloadEffect on_reload, Duration& value, Duration min,
                     Duration max) {
  auto read = [&value, min, max](const Value& given, Complaints& complaints) {
    const auto* text = std::get_if<std::string>(&given.data);
    if (text == nullptr) {
      return complain_type(given, "a duration such as \"30s\" (a string with a unit)", complaints);
    }
    const auto duration = parse_duration(*text);
    if (!duration) return complain(given, duration.error().message, complaints);
    if (*duration < min || *duration > max) {
      return complain(given,
                      fmt::format("'{}' is not between {} and {}", *text, format_duration(min),
                                  format_duration(max)),
                      complaints);
    }
    if (*duration % std::chrono::milliseconds(1) != Duration::zero()) {
      return complain(given, fmt::format("'{}' is finer than a millisecond", *text), complaints);
    }
    value = *duration;
  };
  return member_field(std::move(key), on_reload, "duration", value, std::move(read),
                      [&value] { return Value{format_duration(value)}; });
}

Field bytes_field(std::string key, ReloadEffect on_reload, std::uint64_t& value, std::uint64_t min,
                  std::uint64_t max) {
  auto read = [&value, min, max](const Value& given, Complaints& complaints) {
    const auto* text = std::get_if<std::string>(&given.data);
    if (text == nullptr) {
      return complain_type(given, "a size such as \"10MiB\" (a string with a unit)", complaints);
    }
    const auto bytes = parse_bytes(*text);
    if (!bytes) return complain(given, bytes.error().message, complaints);
    if (*bytes < min || *bytes > max) {
      return complain(
          given,
          fmt::format("'{}' is not between {} and {}", *text, exact_bytes(min), exact_bytes(max)),
          complaints);
    }
    value = *bytes;
  };
  return member_field(std::move(key), on_reload, "size", value, std::move(read),
                      [&value] { return Value{exact_bytes(value)}; });
}

}  // namespace holdfast::config
