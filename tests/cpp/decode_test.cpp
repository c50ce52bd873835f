// Files, whole and spoilt, through the fused pipeline, meant to be built with sanitizers. Usage: decode_test
// ROUNDS FILE... Tensors are exactly as large as they must be. A file that is decoded with its neighbours
// gives what it gives alone.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "common/error.h"
#include "jpeg/libjpeg_reader.h"
#include "pipeline/decode.h"

namespace f = fastdct;

using Random = std::mt19937;
using Bytes = std::vector<uint8_t>;

static int draw(Random* random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(*random);
}

static double draw(Random* random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(*random);
}

static Bytes read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// In one of two cases as it is; else with some bytes changed, or cut off.
static Bytes spoil(Random* random, Bytes file) {
  const int kind = draw(random, 0, 3);
  if (file.empty() || kind < 2) return file;
  const int last = static_cast<int>(file.size()) - 1;
  if (kind == 2)
    file.resize(static_cast<size_t>(draw(random, 0, last)));
  else
    for (int i = draw(random, 1, 4); i > 0; --i)
      file[static_cast<size_t>(draw(random, 0, last))] = static_cast<uint8_t>(draw(random, 0, 255));
  return file;
}

static f::dct::Assembly draw_assembly(Random* random) {
  f::dct::Assembly assembly;
  assembly.output = draw(random, 0, 3) == 0 ? f::dct::Output::kRgb : f::dct::Output::kCoefficients;
  assembly.grid = {8 * draw(random, 1, 12), 8 * draw(random, 1, 12)};
  if (assembly.output == f::dct::Output::kCoefficients && draw(random, 0, 2) == 0)
    assembly.chroma_grid = {8 * draw(random, 1, 6), 8 * draw(random, 1, 6)};
  for (auto& indices : assembly.frequencies)
    for (int i = draw(random, 0, 20); i > 0; --i) indices.push_back(static_cast<uint8_t>(3 * i));
  size_t channels = 3;
  if (assembly.output == f::dct::Output::kCoefficients)
    channels = assembly.num_channels(0) + assembly.num_channels(1) + assembly.num_channels(2);
  assembly.scale.assign(channels, 0.5f);
  assembly.shift.assign(channels, 0.25f);
  assembly.channels_last = draw(random, 0, 1) == 1;
  return assembly;
}

// Some window of the picture that the header promises; false if there is none.
static bool draw_window(Random* random, const Bytes& file, f::dct::Window* window) {
  f::jpeg::Header header;
  try {
    header = f::jpeg::read_header(file.data(), file.size());
  } catch (const f::JpegError&) {
    return false;
  }
  const bool turned = header.orientation >= 5;
  const double width = turned ? header.height : header.width, height = turned ? header.width : header.height;
  window->x1 = draw(random, 0.0, 0.9 * width);
  window->y1 = draw(random, 0.0, 0.9 * height);
  window->x2 = draw(random, window->x1 + 0.05 * width, width);
  window->y2 = draw(random, window->y1 + 0.05 * height, height);
  window->flip = draw(random, 0, 1) == 1;
  return true;
}

struct Batch {
  std::vector<f::pipeline::Job> jobs;
  std::vector<std::vector<char>> tensors;
};

static Batch decode(const f::dct::Assembly& assembly, const std::vector<Bytes>& files,
                    const std::vector<f::dct::Window>& windows, int num_threads) {
  Batch batch;
  batch.jobs.resize(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    batch.tensors.emplace_back(assembly.tensor_bytes());
    batch.tensors.emplace_back(assembly.chroma_bytes());
    f::pipeline::Job& job = batch.jobs[i];
    job.data = files[i].data();
    job.size = files[i].size();
    job.window = windows[i];
    job.tensors = {batch.tensors[2 * i].data(), batch.tensors[2 * i + 1].data()};
  }
  f::pipeline::decode(assembly, {num_threads, 1 << 20, true}, &batch.jobs);
  return batch;
}

static bool run_round(Random* random, const std::vector<Bytes>& corpus) {
  const f::dct::Assembly assembly = draw_assembly(random);
  std::vector<Bytes> files;
  std::vector<f::dct::Window> windows;
  for (int i = draw(random, 1, 6); i > 0; --i) {
    Bytes file =
        spoil(random, corpus[static_cast<size_t>(draw(random, 0, static_cast<int>(corpus.size()) - 1))]);
    f::dct::Window window;
    if (!draw_window(random, file, &window)) continue;
    files.push_back(file);
    windows.push_back(window);
  }
  const Batch together = decode(assembly, files, windows, draw(random, 1, 3));
  for (size_t i = 0; i < files.size(); ++i) {
    const Batch alone = decode(assembly, {files[i]}, {windows[i]}, 1);
    if (alone.jobs[0].error != together.jobs[i].error) return false;
    if (!alone.jobs[0].error.empty()) continue;
    if (alone.tensors[0] != together.tensors[2 * i] || alone.tensors[1] != together.tensors[2 * i + 1])
      return false;
  }
  return true;
}

int main(int argc, char** argv) {
  std::vector<Bytes> corpus;
  for (int i = 2; i < argc; ++i) corpus.push_back(read_file(argv[i]));
  const int rounds = std::atoi(argv[1]);
  for (int round = 0; round < rounds; ++round) {
    const char* levels[] = {"portable", "avx2", "avx512"};
    setenv("FASTDCT_CPU", levels[round % 3], 1);
    Random random(static_cast<unsigned>(round));
    try {
      if (run_round(&random, corpus)) continue;
      std::printf("round %d: a batch differs from its files one by one\n", round);
    } catch (const std::exception& error) {
      std::printf("round %d: %s\n", round, error.what());
    }
    return 1;
  }
  return 0;
}
