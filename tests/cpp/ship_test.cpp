// Files, whole and spoilt, packed for a device and expanded by the emulated one, meant to be built with
// sanitizers. Usage: ship_test ROUNDS FILE... Rooms are exactly as large as they are said to be. What is
// shipped is what read_batch() reads.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "jpeg/compact/expand_emulated.h"
#include "pipeline/ship.h"

namespace f = fastdct;

using Random = std::mt19937;
using Bytes = std::vector<uint8_t>;

static size_t draw(Random* random, size_t low, size_t high) {
  return std::uniform_int_distribution<size_t>(low, high)(*random);
}

static Bytes read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// In one of two cases as it is; else with some bytes changed, or cut off.
static Bytes spoil(Random* random, Bytes file) {
  const size_t kind = draw(random, 0, 3);
  if (file.empty() || kind < 2) return file;
  if (kind == 2)
    file.resize(draw(random, 0, file.size() - 1));
  else
    for (size_t i = draw(random, 1, 4); i > 0; --i)
      file[draw(random, 0, file.size() - 1)] = static_cast<uint8_t>(draw(random, 0, 255));
  return file;
}

static void fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

// Memory of exactly this size, aligned to a cache line.
class Memory {
 public:
  explicit Memory(size_t size) : data_(::operator new(size, kAlignment)) {}
  ~Memory() { ::operator delete(data_, kAlignment); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  template <typename T>
  T* as() {
    return static_cast<T*>(data_);
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  void* data_;
};

static void compare(const f::ShippedRow& shipped, const f::BatchRow& read, const int16_t* coefficients) {
  if (!read.error.empty()) fail("a file was shipped that cannot be read");
  if (shipped.image.planes.size() != read.image.planes.size()) fail("another number of planes");
  for (size_t p = 0; p < shipped.image.planes.size(); ++p) {
    const f::jpeg::Plane &a = shipped.image.planes[p], &b = read.image.planes[p];
    if (a.num_rows != b.num_rows || a.num_cols != b.num_cols || a.quantization != b.quantization)
      fail("another plane");
    const size_t size = a.num_rows * a.num_cols * 64 * sizeof(int16_t);
    if (std::memcmp(coefficients + 64 * shipped.first_block[p], b.data, size) != 0)
      fail("other coefficients");
  }
}

static void run(Random* random, const std::vector<Bytes>& files) {
  std::vector<f::BatchSource> sources;
  for (const Bytes& file : files) {
    static constexpr uint8_t kNothing[1] = {};
    sources.push_back({"", file.empty() ? kNothing : file.data(), file.size()});
  }
  f::BatchOptions options;
  options.request.max_pixels = 1 << 20;
  options.num_threads = static_cast<int>(draw(random, 1, 3));
  const size_t num_bytes = draw(random, 0, 1 << draw(random, 4, 18)), num_blocks = draw(random, 0, 4000);
  Memory arena(num_bytes), coefficients(128 * num_blocks);
  const f::Shipment shipment = f::ship(sources, options, {arena.as<uint8_t>(), num_bytes, 0, num_blocks});
  f::jpeg::compact::expand_emulated(arena.as<uint8_t>(), shipment.first_group, shipment.num_groups,
                                    coefficients.as<int16_t>(), draw(random, 0, 1000));
  f::Arena planes;
  const std::vector<f::BatchRow> rows = f::read_batch(sources, options, planes);
  for (size_t i = 0; i < rows.size(); ++i) {
    const f::ShippedRow& row = shipment.rows[i];
    if (row.state == f::ShippedRow::State::kShipped) compare(row, rows[i], coefficients.as<int16_t>());
    if (row.state == f::ShippedRow::State::kFailed && row.error != rows[i].error) fail("another error");
  }
}

int main(int argc, char** argv) {
  Random random(7);
  std::vector<Bytes> files;
  for (int i = 2; i < argc; ++i) files.push_back(read_file(argv[i]));
  for (int round = std::atoi(argv[1]); round > 0; --round) {
    std::vector<Bytes> some;
    for (size_t i = draw(&random, 1, 6); i > 0; --i)
      some.push_back(spoil(&random, files[draw(&random, 0, files.size() - 1)]));
    run(&random, some);
  }
  return 0;
}
