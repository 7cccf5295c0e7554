// SPDX-License-Identifier: Apache-2.0
#include "common/store/batch_answer.hpp"

#include "common/store/job_rules.hpp"
#include "common/text/number.hpp"

#include <algorithm>

namespace holdfast::store {

Result<void> check_some_stored(const CreatedBatch& batch,
                               const std::vector<NewDocument>& documents) {
  const bool none = std::all_of(batch.documents.begin(), batch.documents.end(),
                                [](const Created& one) { return one.document_id.empty(); });
  if (none && !documents.empty()) return fail(unique_key_taken(documents.front().unique_key));
  return {};
}

std::string format_batch_answer(const CreatedBatch& batch) {
  std::string lines;
  for (const Created& created : batch.documents)
    lines += fmt::format("{} {}\n", created.document_id, created.job_id);
  return lines;
}

Result<CreatedBatch> parse_batch_answer(std::string_view answer) {
  CreatedBatch batch;
  batch.repeated = true;
  while (!answer.empty()) {
    const std::string_view line = answer.substr(0, answer.find('\n'));
    answer.remove_prefix(std::min(line.size() + 1, answer.size()));
    const std::size_t space = line.find(' ');
    const auto job = space == std::string_view::npos
                         ? std::nullopt
                         : text::parse_number<std::int64_t>(line.substr(space + 1));
    if (!job) return fail(ErrorKind::DataLoss, "a batch's answer is damaged");
    batch.documents.push_back({std::string(line.substr(0, space)), *job, 1, true});
  }
  return batch;
}

}  // namespace holdfast::store
