#include "jpeg/libjpeg_errors.h"

#include <cstring>

namespace fastdct::jpeg {
namespace {

ErrorManager& manager(j_common_ptr cinfo) { return *reinterpret_cast<ErrorManager*>(cinfo->err); }

[[noreturn]] void on_error(j_common_ptr cinfo) {
  ErrorManager& errors = manager(cinfo);
  errors.base.format_message(cinfo, errors.message);
  std::longjmp(errors.jump, 1);
}

void ignore_message(j_common_ptr, int) {}
void ignore_output(j_common_ptr) {}

}  // namespace

jpeg_error_mgr* init_errors(ErrorManager& errors) {
  jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.emit_message = ignore_message;
  errors.base.output_message = ignore_output;
  errors.message[0] = '\0';
  return &errors.base;
}

void give_up(ErrorManager& errors, const char* reason) {
  std::strncpy(errors.message, reason, sizeof errors.message - 1);
  errors.message[sizeof errors.message - 1] = '\0';
  std::longjmp(errors.jump, 1);
}

}  // namespace fastdct::jpeg
