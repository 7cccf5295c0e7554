// SPDX-License-Identifier: Apache-2.0
#pragma once

// JsonBuilder: makes the values of a JSON text while nlohmann's parser reads it, and no more of
// them than a body may have: it stops at nesting that would exhaust the stack of whoever walks the
// tree, and at a body of commas that would become a tree of twenty times its size. Finds what the
// tree no longer shows: names that an object repeats, and whole numbers that were rounded.
//
// Of parts (JsonParts), only one at a time is in memory. The limits hold for each, and what is
// wrong with one is no matter of the others: nor is what json_unusable.hpp has replaced.
//
// One text; one thread at a time.

#include "api-worker/edge/json_input.hpp"
#include "api-worker/edge/json_unusable.hpp"

#include <nlohmann/json.hpp>

#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::api {

// The bytes of a text for a parser, which notes how far it has read.
class ReadBytes {
 public:
  using iterator_category = std::forward_iterator_tag;
  using difference_type = std::ptrdiff_t;
  using value_type = char;
  using pointer = const char*;
  using reference = const char&;

  ReadBytes(const char* at, const char** read) : at_(at), read_(read) {}
  reference operator*() const { return *at_; }
  ReadBytes& operator++() {
    *read_ = ++at_;
    return *this;
  }
  bool operator==(const ReadBytes& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** read_;
};

class JsonBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  // Both outlive it. `parts` may be null. `unusable`: what is replaced in the text.
  JsonBuilder(std::string_view text, const JsonParts* parts, std::vector<UnusableJson> unusable)
      : text_(text), read_(text.data()), parts_(parts), unusable_(std::move(unusable)) {}

  // Once. The value, of whatever type.
  tl::expected<nlohmann::json, ProblemDetails> build();

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(number_integer_t value) override { return scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(value); }
  bool number_float(number_float_t value, const string_t& text) override;
  bool string(string_t& value) override { return scalar(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // JSON has none
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool key(string_t& name) override;
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::json::exception& error) override;

 private:
  using Json = nlohmann::json;

  // A container that has begun and not ended.
  struct Open {
    Json* container;
    std::string name;  // of the member that is being read
  };

  bool scalar(Json value, const char* wrong = nullptr);
  bool open(Json container);
  bool close();
  Json& place(Json value);
  bool begin_part();  // whether the next value is one
  void end_part();
  // What is wrong with the value, or name, that was just read; null if nothing was replaced.
  const char* take_unusable();
  bool refuse_unusable(const char* wrong);
  // Gives up the part that is being read, or else the text.
  bool give_up(bool opening, ProblemDetails problem, std::string of_part);
  bool too_many_values(bool opening);
  void note(std::size_t levels, std::string wrong);
  std::string pointer(std::size_t levels) const;  // to what is being read, no deeper than that
  // Containers around the part, or around the text.
  std::size_t outside() const { return in_part_ ? 2 : 0; }
  std::size_t& values() { return in_part_ ? part_values_ : values_; }

  const std::string_view text_;
  const char* read_;
  const JsonParts* const parts_;
  const std::vector<UnusableJson> unusable_;
  std::size_t passed_ = 0;  // of them
  Json root_;
  std::vector<Open> open_;
  std::size_t values_ = 0;
  std::vector<FieldError> errors_;
  std::optional<ProblemDetails> refusal_;

  bool in_part_ = false;
  std::vector<FieldError> part_errors_;
  std::size_t part_values_ = 0;
  std::size_t skipped_ = 0;  // containers of a part given up that have not ended
};

}  // namespace holdfast::api
