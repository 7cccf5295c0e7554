// SPDX-License-Identifier: Apache-2.0
#pragma once

// The types of [alert_receiver.NAME], and what each needs. How they are spoken to is in
// supervisor/alerts/receivers/, where a type of the same name is registered.
//
// Threads: any; pure, but for secret_of().

#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/os/file.hpp"

#include <span>
#include <string>
#include <string_view>

namespace holdfast::config {

struct ReceiverType {
  const char* name;
  bool takes_url;   // else a command
  bool signs;       // has a use for `secret`
  bool secret_url;  // whoever knows the URL may post
};

std::span<const ReceiverType> receiver_types();
const ReceiverType* find_receiver_type(std::string_view name);  // or nullptr

// The type that the host of a URL tells: "slack", "discord", else "webhook".
std::string receiver_type_of(std::string_view url);

// The content of the file without a byte order mark and its trailing newline, or `text` if `file`
// is empty.
Result<std::string> secret_of(const std::string& text, const std::filesystem::path& file,
                              Pipes pipes = Pipes::Refused);

// Refused in a receiver's URL. Says where it belongs, and does not repeat it.
inline constexpr const char* kUserInUrl =
    "the URL must not hold a user name or a password: they are sent by the key 'authorization' or "
    "authorization_file, as the base64 of both after the word Basic";

// All that [alert_receiver.NAME] and [alert_ping] have that must not be shown.
void note_receiver_secrets(Config& config);

}  // namespace holdfast::config
