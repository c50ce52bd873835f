// Runs a fuzz target over files without libFuzzer: each in a heap block of exactly its size, so that a
// sanitizer sees the first byte read past the end. With --mutate N, also over N changed copies of each, the
// same every time.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

void run(const Bytes& bytes) {
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[bytes.size()]);
  if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
  LLVMFuzzerTestOneInput(exact.get(), bytes.size());
}

// A cut, a few flipped bits, or a run moved elsewhere.
Bytes mutate(Bytes bytes, std::mt19937& random) {
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  if (bytes.size() < 8) return bytes;
  const size_t choice = below(4);
  if (choice == 0) {
    bytes.resize(below(bytes.size()));
  } else if (choice == 1) {
    const size_t length = 1 + below(bytes.size() / 4);
    std::memmove(&bytes[below(bytes.size() - length)], &bytes[below(bytes.size() - length)], length);
  } else {
    for (size_t i = 0; i <= below(6); ++i) bytes[below(bytes.size())] ^= static_cast<uint8_t>(1u << below(8));
  }
  return bytes;
}

Bytes read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

int main(int argc, char** argv) {
  const bool has_count = argc > 2 && std::string(argv[1]) == "--mutate";
  const int num_mutations = has_count ? std::atoi(argv[2]) : 0;
  std::mt19937 random(1);
  int num_runs = 0;
  for (int i = has_count ? 3 : 1; i < argc; ++i) {
    const Bytes bytes = read_file(argv[i]);
    run(bytes);
    for (int n = 0; n < num_mutations; ++n) run(mutate(bytes, random));
    num_runs += 1 + num_mutations;
  }
  std::printf("%d inputs\n", num_runs);
  return 0;
}
