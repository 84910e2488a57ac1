/* Candidates of one cohort row among themselves, and connected parts of a graph: `grouping.py` and `clustering.py` say what for. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* The odds of each pair whose record no other cohort row likes more, -inf for others; `favourite` (by record) comes as -inf. */
void favourite_odds(const int32_t *b, const int32_t *record, const double *odds, int64_t size, double *favourite, double *out) {
    for (int64_t i = 0; i < size; i++) {
        double *most = &favourite[record[b[i]]];
        if (odds[i] > *most) *most = odds[i];
    }
    for (int64_t i = 0; i < size; i++) out[i] = odds[i] >= favourite[record[b[i]]] ? odds[i] : -INFINITY;
}

typedef struct {
    int64_t key; /* the lower record row, then the higher one */
    double weaker;
} Near;

/* Pairs of record rows that are candidates of one cohort row, its first `most` ones; returns how many there are. `order` has the
 * candidates' places by cohort row; `out` may be NULL. */
int64_t candidate_pairs(const int64_t *order, int64_t size, const int32_t *a, const int32_t *b, const double *own,
                   const int32_t *record, int64_t most, Near *out) {
    int64_t count = 0;
    for (int64_t from = 0, to; from < size; from = to) {
        for (to = from + 1; to < size && a[order[to]] == a[order[from]];) to++;
        const int64_t stop = to - from < most ? to : from + most;
        for (int64_t i = from; i < stop; i++)
            for (int64_t j = i + 1; j < stop; j++) {
                const int64_t x = b[order[i]], y = b[order[j]];
                if (record[x] == record[y]) continue;
                if (out) {
                    const double u = own[order[i]], v = own[order[j]];
                    out[count] = (Near){x < y ? x << 32 | y : y << 32 | x, u < v ? u : v};
                }
                count++;
            }
    }
    return count;
}

static int by_key(const void *a, const void *b) {
    const int64_t x = ((const Near *)a)->key, y = ((const Near *)b)->key;
    return (x > y) - (x < y);
}

static void in_order(Near *pairs, int64_t count) {
    if (count > 48) {
        qsort(pairs, (size_t)count, sizeof *pairs, by_key);
        return;
    }
    for (int64_t i = 1; i < count; i++) {
        const Near one = pairs[i];
        int64_t j = i;
        for (; j > 0 && pairs[j - 1].key > one.key; j--) pairs[j] = pairs[j - 1];
        pairs[j] = one;
    }
}

/* Each pair once, sorted, with the most that it comes with; returns how many. `starts` comes as zeros, one more than there are
 * rows; `room` is as large as `pairs`. */
int64_t merged(const Near *pairs, int64_t size, int64_t rows, int64_t *starts, Near *room, int64_t *keys, double *most) {
    for (int64_t i = 0; i < size; i++) starts[(pairs[i].key >> 32) + 1]++;
    for (int64_t i = 0; i < rows; i++) starts[i + 1] += starts[i];
    for (int64_t i = 0; i < size; i++) room[starts[pairs[i].key >> 32]++] = pairs[i]; /* now each is where its row ends */
    int64_t count = 0;
    for (int64_t row = 0, from = 0; row < rows; from = starts[row++]) {
        in_order(room + from, starts[row] - from);
        for (int64_t i = from; i < starts[row]; i++) {
            if (i > from && room[i].key == room[i - 1].key) {
                if (room[i].weaker > most[count - 1]) most[count - 1] = room[i].weaker;
                continue;
            }
            keys[count] = room[i].key;
            most[count++] = room[i].weaker;
        }
    }
    return count;
}

static int64_t top(int64_t *label, int64_t node) {
    while (label[node] != node) node = label[node] = label[label[node]];
    return node;
}

/* For each node the smallest one that it is connected with; `label` comes as each node's own number. */
void connected_components(const int64_t *left, const int64_t *right, int64_t links, int64_t *label, int64_t nodes) {
    for (int64_t i = 0; i < links; i++) {
        const int64_t x = top(label, left[i]), y = top(label, right[i]);
        if (x < y) label[y] = x;
        else label[x] = y;
    }
    for (int64_t i = 0; i < nodes; i++) label[i] = label[label[i]]; /* a parent is smaller and done already */
}
