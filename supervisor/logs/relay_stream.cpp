// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/relay_stream.hpp"

#include "common/log/secret_texts.hpp"
#include "common/os/fd.hpp"
#include "supervisor/logs/error_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kLargestPipe = 1 << 20;  // the default of fs.pipe-max-size

std::size_t pipe_capacity(int fd) {
  const int size = ::fcntl(fd, F_GETPIPE_SZ);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

// Called only for pipes that were found full: the kernel limits the total size of one user's pipes
// and makes new ones small beyond it.
std::size_t grow_pipe(int fd, std::size_t capacity) {
  if (capacity >= kLargestPipe) return 0;
  const int grown =
      ::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(std::min(capacity * 4, kLargestPipe)));
  return grown > 0 ? static_cast<std::size_t>(grown) : 0;
}

void add_to_tail(std::string& tail, std::string_view line) {
  tail.append(line.substr(0, LineTail::kKept)).push_back('\n');
}

}  // namespace

RelayStream::RelayStream(LogStream stream, LineLabel label, ProgramLog& program,
                         std::shared_ptr<LogFile> file, std::optional<ReadyLine> ready,
                         const Clock& clock)
    : stream_(std::move(stream)),
      label_(std::move(label)),
      program_(program),
      file_(std::move(file)),
      ready_(std::move(ready)),
      clock_(clock),
      capacity_(pipe_capacity(fd())) {
  if (file_ && label_.format == LineFormat::Pretty) {
    file_label_.emplace(stream_.worker, stream_.pid, stream_.kind, label_.format, false,
                        label_.source, label_.level);
  }
  if (stream_.join_stacks) joiner_.emplace(stream_.kind == StreamKind::Stderr);
  (void)set_nonblocking(fd());  // our end only; the worker's is unaffected
}

RelayStream::Read RelayStream::read(std::span<char> buffer, std::string_view& chunk) {
  ssize_t n = 0;
  do {
    n = ::read(fd(), buffer.data(), buffer.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Read::Nothing;
  if (n <= 0) return Read::End;
  const std::size_t size = static_cast<std::size_t>(n);
  chunk = {buffer.data(), size};
  if (capacity_ != 0 && size >= std::min(capacity_, buffer.size())) {
    capacity_ = grow_pipe(fd(), capacity_);
  }
  return Read::Some;
}

void RelayStream::take_line(const LinePart& part, std::string_view time, RelayOutput& output,
                            Noticed& noticed) {
  if (ready_) match_ready(part, noticed);
  LinePart shown = part;
  if (label_.source != LineSource::Own) hide_private_key(shown);
  if (!joiner_) return pass_on(shown, time, output, noticed);
  joiner_->feed(shown, time, [&](const LinePart& record, std::string_view since) {
    pass_on(record, since, output, noticed);
  });
}

// A private key in PEM has many lines, of which each looks harmless by itself.
void RelayStream::hide_private_key(LinePart& part) {
  if (in_private_key_ && log::is_private_key_line(part.text)) {
    if (!part.text.empty()) part.text = "***";
    return;
  }
  in_private_key_ = log::opens_private_key(part.text);
}

void RelayStream::pass_on(const LinePart& part, std::string_view time, RelayOutput& output,
                          Noticed& noticed) {
  const bool room = output.has_room();
  const log::Level level = append_line(room ? output.text() : output.lost(), part, label_, time,
                                       output.level(), output.redact());
  // Of its own, because what the output has no room for goes to the file all the same.
  if (file_) {
    append_line(for_file_, part, file_label_ ? *file_label_ : label_, time, output.level(),
                output.redact());
  }
  if (!room) program_.dropped.fetch_add(part.lines, std::memory_order_relaxed);
  if (level >= log::Level::Error && noticed.wants_errors) notice_error(part, output, noticed);
}

void RelayStream::notice_error(const LinePart& part, const RelayOutput& output, Noticed& noticed) {
  program_.errors.fetch_add(1, std::memory_order_relaxed);
  const MonoTime now = clock_.mono();
  if (!part.first || !program_.error_budget.take(now)) return;
  ErrorLine line = read_error_line(part, output.redact());
  line.worker = stream_.worker;
  line.process = std::to_string(stream_.pid) + ":" + line.process;
  line.program = line.worker.substr(0, line.worker.rfind('.'));
  line.time = now;
  line.left_out = program_.error_budget.take_left_out();
  noticed.errors.push_back(std::move(line));
}

void RelayStream::flush_record(RelayOutput& output, Noticed& noticed) {
  if (!joiner_) return;
  output.begin(program_, stream_.worker);
  joiner_->flush([&](const LinePart& record, std::string_view since) {
    pass_on(record, since, output, noticed);
  });
  output.end();
  end_batch();
}

void RelayStream::relay(std::string_view chunk, std::string_view time, RelayOutput& output,
                        Noticed& noticed) {
  const bool line_starts = !splitter_.has_partial() || chunk.find('\n') != std::string_view::npos;
  // Only the end of a large read can be among the last lines that are kept.
  const char* const late = chunk.data() + chunk.size() - std::min(chunk.size(), LineTail::kKept);
  const auto is_early = [&](std::string_view line) {
    const std::less<const char*> before;
    return !before(line.data(), chunk.data()) && before(line.data(), late);
  };
  std::uint64_t lines = 0;
  output.begin(program_, stream_.worker);
  splitter_.feed(chunk, [&](const LinePart& part) {
    ++lines;
    take_line(part, time, output, noticed);
    if (!is_early(part.text)) add_to_tail(noticed.tail, part.text);
  });
  output.end();
  end_batch();
  if (line_starts && splitter_.has_partial()) partial_since_ = clock_.mono();
  if (holds_record()) record_since_ = clock_.mono();
  program_.lines.fetch_add(lines, std::memory_order_relaxed);
  program_.bytes.fetch_add(chunk.size(), std::memory_order_relaxed);
}

void RelayStream::flush_partial(bool at_end, std::string_view time, RelayOutput& output,
                                Noticed& noticed) {
  output.begin(program_, stream_.worker);
  const auto use = [&](const LinePart& part) {
    take_line(part, time, output, noticed);
    add_to_tail(noticed.tail, part.text);
    program_.lines.fetch_add(1, std::memory_order_relaxed);
  };
  splitter_.flush(use, at_end);
  output.end();
  end_batch();
  if (at_end) flush_record(output, noticed);
}

void RelayStream::end_batch() {
  if (for_file_.empty()) return;
  file_->append(for_file_);
  for_file_.clear();
}

void RelayStream::match_ready(const LinePart& part, Noticed& noticed) {
  if (!ready_->matches(part)) return;
  noticed.ready = true;
  ready_.reset();
}

}  // namespace holdfast::supervisor::logs
