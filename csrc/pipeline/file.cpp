#include "pipeline/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/error.h"

namespace fastdct {
namespace {

class Descriptor {
 public:
  // Without O_NONBLOCK the opening of a pipe would wait for its writer.
  explicit Descriptor(const char* path) : number_(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void throw_unreadable() {
  char text[256];
  throw JpegError(std::string("cannot be read: ") + strerror_r(errno, text, sizeof text));
}

size_t read_some(int descriptor, uint8_t* target, size_t size) {
  for (;;) {
    const ssize_t got = ::read(descriptor, target, size);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) throw_unreadable();
  }
}

// As fastdct._sources says it.
std::string not_a_jpeg(const uint8_t* head, size_t size) {
  if (size == 0) return "the file is empty";
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "not a JPEG file: it starts with 0x";
  for (size_t i = 0; i < size; ++i) {
    text += kHex[head[i] >> 4];
    text += kHex[head[i] & 15];
  }
  return text + ", not 0xffd8";
}

}  // namespace

void read_jpeg_file(const std::string& path, std::vector<uint8_t>& buffer) {
  if (path.find('\0') != std::string::npos) throw JpegError("cannot be read: embedded null byte");
  const Descriptor file(path.c_str());
  struct stat status;
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) throw_unreadable();
  if (S_ISDIR(status.st_mode)) throw JpegError("cannot be read: a directory, not a file");
  if (!S_ISREG(status.st_mode)) throw JpegError("cannot be read: not a regular file");
  uint8_t head[2];
  size_t size = read_some(file.number(), head, sizeof head);
  if (size < 2 || head[0] != 0xFF || head[1] != 0xD8) throw JpegError(not_a_jpeg(head, size));
  buffer.resize(std::max(static_cast<size_t>(status.st_size), sizeof head));
  std::memcpy(buffer.data(), head, sizeof head);
  while (size < buffer.size()) {
    const size_t got = read_some(file.number(), buffer.data() + size, buffer.size() - size);
    if (got == 0) break;  // it shrank
    size += got;
  }
  buffer.resize(size);
}

}  // namespace fastdct
