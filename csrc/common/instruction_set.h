// Which vector instructions to use, found out once at run time.
#pragma once

namespace fastdct {

// In ascending order: a machine that has one has those before it.
enum class InstructionSet { kPortable, kAvx2, kAvx512 };

// The best that this machine has. FASTDCT_INSTRUCTION_SET=portable|avx2|avx512 in the environment lowers it, for
// tests and measurements; it never raises it.
InstructionSet instruction_set();

}  // namespace fastdct
