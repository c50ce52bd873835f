// The few operations in which the instruction sets differ. Included by the kernels' body only, inside its
// namespace.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "jpeg/entropy/skip.h"
#include "jpeg/entropy/stream.h"

#define FASTDCT_INLINE __attribute__((always_inline)) inline

namespace fastdct::jpeg {
namespace {

// Bit i is set where bytes[i] is 0xFF; 32 bytes are looked at and copied.
inline uint32_t copy_and_find_ff(const uint8_t* bytes, uint8_t* target) {
#if defined(__AVX2__)
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(target), v);
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(-1))));
#elif defined(__SSE2__)
  const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(target), a);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(target + 16), b);
  const __m128i ones = _mm_set1_epi8(-1);
  const auto low = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(a, ones)));
  const auto high = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(b, ones)));
  return low | high << 16;
#else
  uint32_t mask = 0;
  for (int i = 0; i < 32; ++i) mask |= static_cast<uint32_t>(bytes[i] == 0xFF) << i;
  std::memcpy(target, bytes, 32);
  return mask;
#endif
}

// Spreads the low bits of `bits` over lane deposit / 8 of four 8-bit lanes: deposit % 8 of them.
inline uint32_t deposit_bits(uint64_t bits, uint8_t deposit) {
#if defined(__BMI2__)
  return _pdep_u32(static_cast<uint32_t>(bits), kDeposit[deposit]);
#else
  return (static_cast<uint32_t>(bits) & ~(~0u << (deposit & 7))) << (deposit & 24);
#endif
}

// Stores the four 8-bit lanes as four 16-bit coefficients.
inline void store_values(char* target, uint32_t lanes) {
#if defined(__SSE4_1__)
  const __m128i wide = _mm_cvtepi8_epi16(_mm_cvtsi32_si128(static_cast<int>(lanes)));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(target), wide);
#elif defined(__SSE2__)
  const __m128i bytes = _mm_cvtsi32_si128(static_cast<int>(lanes));
  const __m128i wide = _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(target), wide);
#elif defined(__aarch64__)
  const int16x8_t wide = vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(lanes)));
  vst1_s16(reinterpret_cast<int16_t*>(target), vget_low_s16(wide));
#else
  for (int i = 0; i < 4; ++i) {
    const auto value = static_cast<int16_t>(static_cast<int8_t>(lanes >> (8 * i)));
    std::memcpy(target + 2 * i, &value, sizeof value);
  }
#endif
}

// If bit 0 of `span` is set: table = *following, position = next. Branch-free: the end of a block is the one
// thing about its bits that nobody can predict, and GCC 12 makes a jump of `?:` here.
inline void select_if_odd(uint64_t span, const LookupEntry*& table, const LookupEntry* const& following,
                          char*& position, char* next) {
#if defined(__x86_64__)
  asm("testb $1, %b[span]\n\t"
      "cmovne %[following], %[table]\n\t"
      "cmovne %[next], %[position]"
      : [table] "+r"(table), [position] "+r"(position)
      : [span] "q"(span), [following] "m"(following), [next] "r"(next)
      : "cc");
#else
  const uintptr_t mask = ~((span & 1) - 1);
  const auto a = reinterpret_cast<uintptr_t>(table), b = reinterpret_cast<uintptr_t>(following);
  const auto c = reinterpret_cast<uintptr_t>(position), d = reinterpret_cast<uintptr_t>(next);
  table = reinterpret_cast<const LookupEntry*>(a ^ ((a ^ b) & mask));
  position = reinterpret_cast<char*>(c ^ ((c ^ d) & mask));
#endif
}

// The same for a block that is passed over: c.table is `rest` or, where `entry` ends the block, `following`;
// then the cursor goes on to the next block. One register is enough for it: those of three streams and the
// constants of a step are all that there are.
inline void choose_skip_table(SkipEntry entry, SkipCursor& c) {
#if defined(__x86_64__)
  SkippedBlock* next;
  asm("movl %[state], %k[next]\n\t"
      "andl %[position], %k[next]\n\t"
      "testl %[end], %[entry]\n\t"
      "movq %c[rest](%[block]), %[table]\n\t"
      "cmovne %k[next], %[state]\n\t"
      "cmovne %c[following](%[block]), %[table]\n\t"
      "leaq %c[size](%[block]), %[next]\n\t"
      "cmovne %[next], %[block]"
      : [table] "=&r"(c.table), [block] "+r"(c.block), [state] "+r"(c.state), [next] "=&r"(next)
      : [entry] "r"(entry), [end] "i"(kSkipEnd), [position] "i"(kSkipPosition),
        [rest] "i"(offsetof(SkippedBlock, rest)), [following] "i"(offsetof(SkippedBlock, following)),
        [size] "i"(sizeof(SkippedBlock)), "m"(*c.block)
      : "cc");
#else
  const SkippedBlock* const block = c.block;
  const bool ends = (entry & kSkipEnd) != 0;
  c.table = ends ? block->following : block->rest;
  c.block = ends ? c.block + 1 : c.block;
  c.state = ends ? c.state & kSkipPosition : c.state;
#endif
}

// Vectors of 16-bit lanes, as wide as the registers are: groups of eight lanes, 16 bytes each.
#if defined(__AVX512BW__)
constexpr int kLanes = 32;
#elif defined(__AVX2__)
constexpr int kLanes = 16;
#else
constexpr int kLanes = 8;
#endif
typedef int16_t Vector __attribute__((vector_size(2 * kLanes)));
typedef int16_t Vector8 __attribute__((vector_size(16)));

// Group g is the eight values at from[8 * stride_of_groups * g]; from[] are kLanes / 8 pointers `distance`
// apart.
inline Vector load_groups(const int16_t* const* from, int distance, int offset) {
#if defined(__AVX512BW__)
  const auto group = [&](int g) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[g * distance] + offset));
  };
  __m512i v = _mm512_castsi128_si512(group(0));
  v = _mm512_inserti32x4(v, group(1), 1);
  v = _mm512_inserti32x4(v, group(2), 2);
  return reinterpret_cast<Vector>(_mm512_inserti32x4(v, group(3), 3));
#elif defined(__AVX2__)
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[0] + offset));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from[distance] + offset));
  return reinterpret_cast<Vector>(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1));
#else
  (void)distance;
  Vector v;
  std::memcpy(&v, from[0] + offset, sizeof v);
  return v;
#endif
}

inline bool is_aligned(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % 64 == 0; }

inline void stream_vector(int16_t* to, Vector8 v) {
#if defined(__SSE2__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), reinterpret_cast<__m128i>(v));
#else
  std::memcpy(to, &v, sizeof v);
#endif
}

#if defined(__AVX2__)
inline void stream_vector(int16_t* to, Vector v) {
#if defined(__AVX512BW__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), reinterpret_cast<__m512i>(v));
#else
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(v));
#endif
}
#endif

// Streaming stores go past the caches: they need an aligned target and whole lines, and pay where the result
// is read long after it was written, as that of a batch is.
template <bool kStreaming, typename V>
inline void store(int16_t* to, V v) {
  if constexpr (kStreaming)
    stream_vector(to, v);
  else
    std::memcpy(to, &v, sizeof v);
}

// Orders streaming stores before whatever tells another thread of them.
inline void fence_streaming() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace
}  // namespace fastdct::jpeg
