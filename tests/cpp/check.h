// Counts what does not hold and goes on, so that a run names all of it; main() returns whether `failures` is
// 0.
#pragma once
#include <cstdio>

static int failures = 0;

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                 \
    }                                                             \
  } while (false)
