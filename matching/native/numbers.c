/* Identifying numbers read from texts that lie between offsets: as in `normalise/numbers.py`. */
#include <stdint.h>

enum { MOST_DIGITS = 18, WIDTH = 12 }; /* as in numbers.py; what is beyond does not count */

static inline int has(const uint8_t *valid, int64_t i) { return !valid || (valid[i >> 3] >> (i & 7) & 1); }

/* The digits of each text as a number (-1: none), and how many there are. */
void digits(const int32_t *offsets, const uint8_t *bytes, const uint8_t *valid, int64_t shift, int64_t size,
            int64_t *values, int64_t *lengths) {
    for (int64_t i = 0; i < size; i++) {
        int64_t value = 0, length = 0;
        if (has(valid, i + shift))
            for (int32_t at = offsets[i]; at < offsets[i + 1] && length < MOST_DIGITS; at++) {
                unsigned digit = (unsigned)bytes[at] - '0';
                if (digit > 9) continue;
                value = value * 10 + digit;
                length++;
            }
        values[i] = length ? value : -1;
        lengths[i] = length;
    }
}

/* Letters and digits in base 36, the last twelve of them; how many there are; whether these are one and the same. */
void licences(const int32_t *offsets, const uint8_t *bytes, const uint8_t *valid, int64_t shift, int64_t size,
              int64_t *values, int64_t *lengths, uint8_t *same) {
    for (int64_t i = 0; i < size; i++) {
        int64_t value = 0, power = 1, length = 0, last = -1;
        same[i] = 1;
        if (has(valid, i + shift))
            for (int32_t at = offsets[i + 1] - 1; at >= offsets[i]; at--) {
                uint8_t c = bytes[at];
                int64_t one = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
                if (one < 0) continue;
                if (last < 0) last = one;
                if (++length > WIDTH) continue;
                value += one * power;
                power *= 36;
                same[i] &= one == last;
            }
        values[i] = value;
        lengths[i] = length;
    }
}
