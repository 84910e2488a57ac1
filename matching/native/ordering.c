/* Pairs that come in their records' order, put into their rows' order: those of a row stay as they come. */
#include "glance.h"

/* Add each pair to its row's count, which stands one place behind the row; `least` is the first row. */
void tallied(const int64_t *pair, int64_t size, int64_t least, int64_t *counts) {
    for (int64_t i = 0; i < size; i++) counts[(pair[i] >> RECORD_BITS) - least + 1]++;
}

/* Put each pair where its row's next one belongs. */
void by_row(const int64_t *pair, const int64_t *caught, int64_t size, int64_t least, int64_t *place, int32_t *a,
            int32_t *b, int64_t *rules) {
    for (int64_t i = 0; i < size; i++) {
        const int64_t row = pair[i] >> RECORD_BITS, to = place[row - least]++;
        a[to] = (int32_t)row;
        b[to] = (int32_t)(pair[i] & (((int64_t)1 << RECORD_BITS) - 1));
        rules[to] = caught[i];
    }
}
