// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_files.hpp"

#include "common/os/signal_mask.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace holdfast::supervisor::logs {

namespace {

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

struct QueuedFile final : LogFile, std::enable_shared_from_this<QueuedFile> {
  QueuedFile(std::weak_ptr<LogWriter> owner, std::filesystem::path file, std::string of_program,
             std::shared_ptr<LogFileCounters> counts, std::unique_ptr<LogSink> to)
      : writer(std::move(owner)),
        path(std::move(file)),
        program(std::move(of_program)),
        counters(std::move(counts)),
        sink(std::move(to)) {}

  void append(std::string_view lines) override;

  const std::weak_ptr<LogWriter> writer;
  const std::filesystem::path path;
  const std::string program;
  const std::shared_ptr<LogFileCounters> counters;
  std::unique_ptr<LogSink> sink;  // the writer's thread

  // Guarded by the writer's mutex.
  std::string pending;
  bool reopen = false;
  bool losing = false;  // told, and not over
};

// The files of one directory, and the thread that writes them. The thread shares the ownership,
// because it may hang for longer than the LogFiles live.
class LogWriter : public std::enable_shared_from_this<LogWriter> {
 public:
  LogWriter(std::size_t buffer, LogFiles::Observer observer)
      : buffer_(buffer), observer_(std::move(observer)) {}

  void start();
  void add(const std::shared_ptr<QueuedFile>& file);
  std::shared_ptr<QueuedFile> find(const std::filesystem::path& path);
  void append(const std::shared_ptr<QueuedFile>& file, std::string_view lines);
  void reopen();
  void begin_stop();
  bool wait_until_stopped(MonoTime deadline);
  // Joins the thread if it has ended, else leaves it behind; nothing is told any more.
  void let_go();

 private:
  struct Batch {
    std::shared_ptr<QueuedFile> file;
    std::string lines;
    bool reopen;
  };
  void run();
  std::vector<Batch> take();  // with the mutex held
  void write(const Batch& batch);
  void lost(QueuedFile& file, std::uint64_t lines, const std::string& why);
  void tell(const QueuedFile& file, const std::string& message);

  const std::size_t buffer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  LogFiles::Observer observer_;
  // Without streams a file stays until what it was given is written.
  std::map<std::filesystem::path, std::weak_ptr<QueuedFile>> files_;
  std::vector<std::shared_ptr<QueuedFile>> due_;  // with lines or a reopen
  bool stopping_ = false;
  bool ended_ = false;
  std::thread thread_;
};

void QueuedFile::append(std::string_view lines) {
  if (const auto owner = writer.lock()) owner->append(shared_from_this(), lines);
}

void LogWriter::start() {
  const SignalsBlocked inherited;  // signals are the main thread's
  thread_ = std::thread([self = shared_from_this()] {
    ::pthread_setname_np(::pthread_self(), "log-file");
    self->run();
  });
}

void LogWriter::add(const std::shared_ptr<QueuedFile>& file) {
  const std::lock_guard lock(mutex_);
  std::erase_if(files_, [](const auto& entry) { return entry.second.expired(); });
  files_[file->path] = file;
}

std::shared_ptr<QueuedFile> LogWriter::find(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : found->second.lock();
}

void LogWriter::append(const std::shared_ptr<QueuedFile>& file, std::string_view lines) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || file->pending.size() + lines.size() > buffer_) {
    return lost(*file, lines_in(lines), "the disk takes nothing");
  }
  if (file->pending.empty() && !file->reopen) due_.push_back(file);
  file->pending += lines;
  changed_.notify_one();
}

void LogWriter::reopen() {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, weak] : files_) {
    const auto file = weak.lock();
    if (!file || std::exchange(file->reopen, true)) continue;
    if (file->pending.empty()) due_.push_back(file);
  }
  changed_.notify_one();
}

void LogWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !due_.empty(); });
    std::vector<Batch> batches = take();
    if (batches.empty()) break;
    lock.unlock();
    for (const Batch& batch : batches)
      write(batch);
    batches.clear();  // may close files
    lock.lock();
  }
  ended_ = true;
  changed_.notify_all();
}

std::vector<LogWriter::Batch> LogWriter::take() {
  std::vector<Batch> batches;
  for (std::shared_ptr<QueuedFile>& file : due_) {
    Batch batch{file, std::exchange(file->pending, {}), std::exchange(file->reopen, false)};
    batches.push_back(std::move(batch));
  }
  due_.clear();
  return batches;
}

void LogWriter::write(const Batch& batch) {
  QueuedFile& file = *batch.file;
  if (batch.reopen) file.sink->reopen();
  if (batch.lines.empty()) return;
  const LogSink::Written written = file.sink->write(batch.lines);
  const std::lock_guard lock(mutex_);
  if (written.outcome != LogSink::Outcome::Done) {
    file.sink->skip_rest_of_line();
    return lost(file, lines_in(std::string_view(batch.lines).substr(written.bytes)),
                written.outcome == LogSink::Outcome::Failed ? std::strerror(written.os_error)
                                                            : "it takes nothing");
  }
  if (!std::exchange(file.losing, false)) return;
  tell(file,
       fmt::format("log_file '{}' is written again; {} lines are missing in all",
                   file.path.native(), file.counters->dropped.load(std::memory_order_relaxed)));
}

// With the mutex held. Told once, until lines are written again.
void LogWriter::lost(QueuedFile& file, std::uint64_t lines, const std::string& why) {
  file.counters->dropped.fetch_add(lines, std::memory_order_relaxed);
  if (std::exchange(file.losing, true)) return;
  tell(file, fmt::format("log_file '{}' is losing lines: {}; they are in the log",
                         file.path.native(), why));
}

// With the mutex held, so that nothing is told after let_go().
void LogWriter::tell(const QueuedFile& file, const std::string& message) {
  if (observer_) observer_(file.program, message);
}

void LogWriter::begin_stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

bool LogWriter::wait_until_stopped(MonoTime deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return ended_; });
}

void LogWriter::let_go() {
  bool ended = false;
  {
    const std::lock_guard lock(mutex_);
    observer_ = nullptr;
    ended = ended_;
  }
  if (!thread_.joinable()) return;
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

LogFiles::LogFiles(LogFileOptions options, Observer observer, const Clock& clock)
    : options_(std::move(options)), observer_(std::move(observer)), clock_(clock) {}

LogFiles::~LogFiles() {
  flush_and_stop(MonoTime::min());
}

std::shared_ptr<LogFile> LogFiles::file(const std::filesystem::path& path, const FileAccess& access,
                                        const std::string& program,
                                        std::shared_ptr<LogFileCounters> counters) {
  std::shared_ptr<LogWriter>& writer = writers_[path.parent_path()];
  if (!writer) {
    writer = std::make_shared<LogWriter>(options_.buffer, observer_);
    writer->start();
  }
  if (auto known = writer->find(path)) return known;
  FileAccess told = access;
  told.tell_if_gone = true;
  auto sink = options_.open
                  ? options_.open(path)
                  : make_lazy_file_sink(path, options_.max_size, options_.max_files, told, clock_);
  auto file =
      std::make_shared<QueuedFile>(writer, path, program, std::move(counters), std::move(sink));
  writer->add(file);
  return file;
}

void LogFiles::reopen() {
  for (const auto& [directory, writer] : writers_)
    writer->reopen();
}

bool LogFiles::flush_and_stop(MonoTime deadline) {
  for (const auto& [directory, writer] : writers_)
    writer->begin_stop();
  bool all = true;
  for (const auto& [directory, writer] : writers_) {
    all = writer->wait_until_stopped(deadline) && all;
    writer->let_go();
  }
  writers_.clear();
  return all;
}

}  // namespace holdfast::supervisor::logs
