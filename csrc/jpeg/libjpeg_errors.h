// How libjpeg's errors come back: every call into it runs inside guarded(), which returns false where libjpeg
// would have ended the process. Steps are plain functions without objects that have destructors (longjmp
// skips those); the C++ caller throws after guarded() has returned.
#pragma once
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>  // needs <cstdio> before it

#include <jerror.h>

namespace fastdct::jpeg {

struct ErrorManager {
  jpeg_error_mgr base;  // first: libjpeg's pointer to it is ours too
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];  // why the step gave up
};

// Fills in the callbacks; the caller may replace base.emit_message.
jpeg_error_mgr* init_errors(ErrorManager& errors);

// Leaves the running step with a reason of our own.
[[noreturn]] void give_up(ErrorManager& errors, const char* reason);

template <class State>
bool guarded(State& state, void (*step)(State&)) {
  if (setjmp(state.errors.jump) != 0) return false;
  step(state);
  return true;
}

}  // namespace fastdct::jpeg
