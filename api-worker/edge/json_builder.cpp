// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/json_builder.hpp"

#include "common/text/utf8.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::api {

namespace {

std::string position_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t column =
      before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  return fmt::format("line {}, column {}", line, column);
}

// "[json.exception.parse_error.101] parse error at line 1, column 3: syntax error while …" without
// the parts that we state ourselves.
std::string reason_of(const nlohmann::json::exception& error) {
  const std::string_view what = error.what();
  const std::size_t colon = what.find(": ");
  return std::string(
      text::truncate_utf8(colon == std::string_view::npos ? what : what.substr(colon + 2), 200));
}

}  // namespace

tl::expected<nlohmann::json, ProblemDetails> JsonBuilder::build() {
  // The parser would take it for the end of the text, and not look at what follows.
  if (const std::size_t nul = text_.find('\0'); nul != std::string_view::npos) {
    return tl::unexpected(ProblemDetails{
        400, fmt::format("The body is not valid JSON at {}: a NUL", position_in(text_, nul))});
  }
  const char* const end = text_.data() + text_.size();
  if (!Json::sax_parse(ReadBytes(text_.data(), &read_), ReadBytes(end, &read_), this)) {
    return tl::unexpected(std::move(*refusal_));
  }
  if (errors_.empty()) return std::move(root_);
  return tl::unexpected(
      ProblemDetails{422, "The body has values that would be lost.", std::move(errors_)});
}

// What is written as a whole number comes here only if it is beyond 64 bits.
bool JsonBuilder::number_float(number_float_t value, const string_t& text) {
  const bool is_whole = text.find_first_of(".eE") == string_t::npos;
  return scalar(value, is_whole ? "is a whole number beyond 64 bits, of which a part would be "
                                  "lost: send it as a string"
                                : nullptr);
}

bool JsonBuilder::scalar(Json value, const char* wrong) {
  const char* const unusable = take_unusable();
  if (skipped_ > 0) return true;
  if (++values() > kMaxJsonValues) return too_many_values(false);
  const bool is_part = begin_part();
  if (unusable != nullptr) {
    if (!in_part_) return refuse_unusable(unusable);
    wrong = unusable;
  }
  if (wrong != nullptr) note(open_.size(), wrong);
  place(std::move(value));
  if (is_part) end_part();
  return true;
}

bool JsonBuilder::open(Json container) {
  if (skipped_ > 0) {
    ++skipped_;
    return true;
  }
  if (++values() > kMaxJsonValues) return too_many_values(true);
  begin_part();
  if (open_.size() - outside() == kMaxJsonDepth) {
    const auto at = static_cast<std::size_t>(read_ - text_.data()) - 1;
    return give_up(true,
                   {400, fmt::format("The JSON is nested deeper than {} levels at {}.",
                                     kMaxJsonDepth, position_in(text_, at))},
                   fmt::format("is nested deeper than {} levels", kMaxJsonDepth));
  }
  open_.push_back({&place(std::move(container)), {}});
  return true;
}

bool JsonBuilder::close() {
  if (skipped_ > 0) {
    if (--skipped_ == 0) end_part();
    return true;
  }
  open_.pop_back();
  if (in_part_ && open_.size() == outside()) end_part();
  return true;
}

bool JsonBuilder::key(string_t& name) {
  const char* const unusable = take_unusable();
  if (skipped_ > 0) return true;
  if (unusable != nullptr && !in_part_) return refuse_unusable(unusable);
  const bool repeated = open_.back().container->contains(name);
  open_.back().name = name;
  if (unusable != nullptr) note(open_.size(), unusable);
  if (!repeated) return true;
  const bool is_member = open_.size() == outside() + 1;
  note(outside() + 1, is_member
                          ? "appears more than once"
                          : fmt::format("repeats the name '{}'", text::utf8_prefix(name, 64)));
  return true;
}

nlohmann::json& JsonBuilder::place(Json value) {
  if (open_.empty()) return root_ = std::move(value);
  Open& around = open_.back();
  if (around.container->is_object()) {
    return (*around.container)[around.name] = std::move(value);
  }
  around.container->push_back(std::move(value));
  return around.container->back();
}

bool JsonBuilder::begin_part() {
  if (parts_ == nullptr || in_part_ || open_.size() != 2) return false;
  in_part_ = open_[0].container->is_object() && open_[0].name == parts_->member &&
             open_[1].container->is_array();
  part_values_ = 0;
  return in_part_;
}

void JsonBuilder::end_part() {
  Json& part = open_[1].container->back();
  parts_->take(part, std::exchange(part_errors_, {}));
  part = nullptr;
  in_part_ = false;
}

const char* JsonBuilder::take_unusable() {
  const char* wrong = nullptr;
  for (; passed_ < unusable_.size() && text_.data() + unusable_[passed_].at < read_; ++passed_)
    wrong = unusable_[passed_].wrong;
  return wrong;
}

bool JsonBuilder::refuse_unusable(const char* wrong) {
  const std::size_t at = unusable_[passed_ - 1].at;
  refusal_ = {400, fmt::format("The body is JSON that cannot be used: the value at {} {}",
                               position_in(text_, at), wrong)};
  return false;
}

bool JsonBuilder::give_up(bool opening, ProblemDetails problem, std::string of_part) {
  if (!in_part_) {
    refusal_ = std::move(problem);
    return false;
  }
  note(outside(), std::move(of_part));
  skipped_ = open_.size() - outside() + (opening ? 1 : 0);
  open_.resize(outside());
  return true;
}

bool JsonBuilder::too_many_values(bool opening) {
  return give_up(opening, {413, fmt::format("The JSON has more than {} values.", kMaxJsonValues)},
                 fmt::format("has more than {} values", kMaxJsonValues));
}

void JsonBuilder::note(std::size_t levels, std::string wrong) {
  constexpr std::size_t kMostErrors = 20;
  std::vector<FieldError>& errors = in_part_ ? part_errors_ : errors_;
  if (errors.size() < kMostErrors) errors.push_back({pointer(levels), "", std::move(wrong)});
}

std::string JsonBuilder::pointer(std::size_t levels) const {
  std::string out = "#";
  for (std::size_t i = 0; i < levels; ++i) {
    const auto& [container, name] = open_[i];
    if (container->is_object()) {
      out += pointer_to(name).substr(1);
    } else {
      // The innermost array does not have what is being read yet.
      out += fmt::format("/{}", container->size() - (i + 1 < open_.size() ? 1 : 0));
    }
  }
  return out;
}

bool JsonBuilder::parse_error(std::size_t position, const std::string&,
                              const nlohmann::json::exception& error) {
  if (dynamic_cast<const nlohmann::json::parse_error*>(&error) == nullptr) {
    // A number beyond what a double holds.
    refusal_ = {400, fmt::format("The body is JSON that cannot be used: {}",
                                 text::truncate_utf8(error.what(), 200))};
    return false;
  }
  // It counts from 1 and points past the last byte read.
  const std::size_t at = position > 0 ? position - 1 : 0;
  refusal_ = {400, fmt::format("The body is not valid JSON at {}: {}", position_in(text_, at),
                               reason_of(error))};
  return false;
}

}  // namespace holdfast::api
