/* What frequencies of shared values add to the classes of a pair: `chance.py` and `match_weights.py` say what that means.
 * Exponentials are numpy's, so that no digit hangs on another library's.
 */
#include <stdint.h>

enum { CLASSES = 9, RIVALS = CLASSES - 1, AHEAD = 12 };

/* Ask for the frequencies that a pair to come will need. */
static inline void ask(const float *const *frequency, int64_t frequencies, uint32_t agree, int32_t row) {
    for (int64_t f = 0; f < frequencies; f++)
        if (agree >> f & 1) __builtin_prefetch(&frequency[f][row]);
}

/* What a match is ahead of its likeliest rival, and every rival behind that one (rivals x pairs), value frequencies included.
 *
 * `joint` is (patterns x classes); `same` says by bits which frequencies count for a pattern, `classes` whom each raises. */
void rival_margins(const double *joint, const uint32_t *same, const int64_t *place, const int32_t *b, int64_t size,
             const float *const *frequency, const uint32_t *classes, int64_t frequencies, double *ahead, double *behind) {
    for (int64_t i = 0; i < size; i++) {
        double own[CLASSES];
        if (i + AHEAD < size) ask(frequency, frequencies, same[place[i + AHEAD]], b[i + AHEAD]);
        uint32_t agree = same[place[i]];
        for (int c = 0; c < CLASSES; c++) own[c] = joint[place[i] * CLASSES + c];
        for (int64_t f = 0; f < frequencies; f++) {
            if (!(agree >> f & 1)) continue;
            double change = frequency[f][b[i]];
            for (int c = 0; c < CLASSES; c++)
                if (classes[f] >> c & 1) own[c] += change;
        }
        double top = own[1];
        for (int c = 2; c < CLASSES; c++) top = own[c] > top ? own[c] : top;
        ahead[i] = own[0] - top;
        for (int c = 0; c < RIVALS; c++) behind[c * size + i] = own[c + 1] - top;
    }
}
