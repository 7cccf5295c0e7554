// SPDX-License-Identifier: Apache-2.0
// How fast one thread cuts a text into chunks and embeds them: MB of text per second of
// processor time.
// Usage: bench_embedding [megabytes]. Prints one line per stage; the text is made by a fixed rule,
// with Zipf-like words, so that runs compare.

#include "common/embedding/chunker.hpp"
#include "common/embedding/hashing.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <random>
#include <string>

using namespace holdfast::embedding;

namespace {

std::string make_text(std::size_t bytes) {
  std::mt19937_64 random(42);
  std::vector<std::string> words;
  for (int i = 0; i < 20000; ++i) {
    std::string word;
    const std::size_t letters = 2 + random() % 9;
    for (std::size_t j = 0; j < letters; ++j)
      word += static_cast<char>('a' + random() % 26);
    words.push_back(word);
  }
  std::string text;
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int n = 1; text.size() < bytes; ++n) {
    const double u = uniform(random);
    text += words[static_cast<std::size_t>(u * u * u * 20000)];
    text += n % 97 == 0 ? ".\n\n" : n % 13 == 0 ? ". " : " ";
  }
  return text;
}

// Processor time, so that a busy machine does not make the code look slow.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t megabytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 16;
  const std::string text = make_text(megabytes << 20);
  const double size = static_cast<double>(text.size()) / 1e6;

  double start = cpu_seconds();
  const auto spans = chunk_text(text, {1200, 200});
  const double chunking = cpu_seconds() - start;

  HashingProvider provider(256);
  start = cpu_seconds();
  double checksum = 0;
  for (std::size_t i = 0; i < spans.size(); i += 32) {
    std::vector<std::string_view> batch;
    for (std::size_t j = i; j < std::min(spans.size(), i + 32); ++j) {
      batch.push_back(std::string_view(text).substr(spans[j].begin, spans[j].end - spans[j].begin));
    }
    const auto vectors = provider.embed(batch, {}).value();
    for (const auto& vector : vectors) {
      checksum += static_cast<double>(vector[0]);
    }
  }
  const double hashing = cpu_seconds() - start;
  fmt::print("text {:.1f} MB, {} chunks, checksum {:.6f}\n", size, spans.size(), checksum);
  fmt::print("chunk        {:8.1f} MB/s\n", size / chunking);
  fmt::print("hash         {:8.1f} MB/s\n", size / hashing);
  fmt::print("chunk + hash {:8.1f} MB/s, {:.0f} us per chunk\n", size / (chunking + hashing),
             hashing / static_cast<double>(spans.size()) * 1e6);
}
