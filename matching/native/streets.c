/* House numbers taken off addresses, and streets cut where a door begins: `normalise/streets.py` says what is read. */
#include <stdint.h>
#include <string.h>

enum { MOST = 9 }; /* digits of a house number */

static inline uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

/* Whether a word is one of some, which are parted and ended by a zero. */
static int among(const uint8_t *word, int64_t length, const char *words) {
    for (; *words; words += strlen(words) + 1)
        if ((int64_t)strlen(words) == length && !memcmp(words, word, (size_t)length)) return 1;
    return 0;
}

/* House numbers (-1: none), which texts begin in an odd way and are left as they are, and streets in small letters up
 * to the first word that begins a door. `begins` marks the letters that such words begin with. */
void houses(const int32_t *offsets, const uint8_t *bytes, const uint8_t *valid, int64_t shift, int64_t size,
            const char *doors, const uint8_t *begins, int32_t *house, uint8_t *odd, int32_t *ends, uint8_t *out) {
    int32_t to = 0;
    ends[0] = 0;
    for (int64_t i = 0; i < size; i++) {
        const int known = !valid || (valid[(i + shift) >> 3] >> ((i + shift) & 7) & 1);
        int32_t at = offsets[i], stop = known ? offsets[i + 1] : at, number = 0, digits = 0;
        const int32_t from = at;
        for (; at < stop && (uint8_t)(bytes[at] - '0') < 10; at++, digits++)
            if (digits < MOST) number = number * 10 + (bytes[at] - '0');
        odd[i] = (digits && (digits > MOST || at == stop || (bytes[at] != ' ' && bytes[at] != ','))) ||
                 (from < stop && (bytes[from] == ' ' || (bytes[from] >= '\t' && bytes[from] <= '\r')));
        house[i] = digits && !odd[i] ? number : -1;
        if (odd[i]) at = from;
        int32_t word = to; /* where the word begins that is written */
        for (; at <= stop; at++) {
            if (at == stop || bytes[at] == ' ') {
                if (to > word && begins[out[word]] && !odd[i] && among(out + word, to - word, doors)) {
                    to = word;
                    break;
                }
                if (at == stop) break;
                out[to++] = ' ';
                word = to;
            } else {
                out[to++] = odd[i] ? bytes[at] : lower(bytes[at]);
            }
        }
        ends[i + 1] = to;
    }
}
