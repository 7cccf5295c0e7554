// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values of a document's metadata by which a search can be narrowed. A value inside an object
// is named by its path, "author.name"; each element of an array is a value of the array's name.
// Text counts as it is, numbers and true, false and null as JSON writes them; a number is the same
// one however it is written: 100, 100.0, 1e2. There are as many as 16 KiB of metadata can
// have.
//
// Threads: pure functions.

#include "common/store/types.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store {

// Names and values longer than this, in bytes, are no labels.
inline constexpr std::size_t kLongestLabel = 256;

// What a label has for a value of JSON that is neither object nor array.
std::string label_value(const nlohmann::json& value);

// The label of the number that `text` is in JSON, "1e-07" for "0.0000001"; `text` if it is none.
std::string number_label(const std::string& text);

// The labels of `metadata`, a JSON object: sorted, each once.
std::vector<Label> labels_of(std::string_view metadata);

}  // namespace holdfast::store
