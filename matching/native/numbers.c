/* Identifying numbers read from texts that lie between offsets: as in `normalise/numbers.py`. */
#include <stdint.h>

enum { MOST_DIGITS = 18, WIDTH = 12 }; /* as in numbers.py; what is beyond does not count */
enum { FIRST_YEAR = 1000, NO_YEAR = 9000 }; /* as in dates.py */

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

/* Which numbers of some digits stand for "none": one digit repeated, or one of those that are known to. */
void dummies(const int64_t *values, const int64_t *lengths, int64_t size, int64_t most, const int64_t *known, int64_t count,
             uint8_t *out) {
    int64_t ones[MOST_DIGITS + 1] = {1, 1};
    for (int i = 2; i <= MOST_DIGITS; i++) ones[i] = ones[i - 1] * 10 + 1;
    for (int64_t i = 0; i < size; i++) {
        const int64_t value = values[i], length = lengths[i] < most ? lengths[i] : most;
        int found = value == value % 10 * ones[length];
        for (int64_t k = 0; k < count; k++) found |= value == known[k];
        out[i] = (uint8_t)found;
    }
}

static inline int32_t figures(const uint8_t *text, int32_t from, int32_t to) {
    int32_t value = 0;
    for (int32_t i = from; i < to && value >= 0; i++) value = (uint8_t)(text[i] - '0') < 10 ? value * 10 + text[i] - '0' : -1;
    return value;
}

/* Dates written yyyy-mm-dd as yyyymmdd (0: no date); -1 for all others. */
void iso_dates(const int32_t *offsets, const uint8_t *bytes, int64_t size, int32_t *dates) {
    for (int64_t i = 0; i < size; i++) {
        const uint8_t *text = bytes + offsets[i];
        dates[i] = -1;
        if (offsets[i + 1] - offsets[i] != 10 || text[4] != '-' || text[7] != '-') continue;
        const int32_t year = figures(text, 0, 4), month = figures(text, 5, 7), day = figures(text, 8, 10);
        if (year < 0 || month < 0 || day < 0) continue;
        dates[i] = year < FIRST_YEAR || year >= NO_YEAR ? 0 : year * 10000 + month * 100 + day;
    }
}
