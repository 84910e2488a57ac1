/* Keys of a rule: hashes of a row's parts as in `joining.py`, and how many rows share a bucket of them. */
#include "rows.h"
#include <string.h>

typedef struct {
    const int32_t *root, *initial, *sound, *head, *tail; /* by code; the last one is of a missing name */
    int64_t missing;
} Parts;

/* In the order of `PARTS` in keys.py. */
enum {
    P_SSN, P_LICENCE, P_PHONE, P_ZIP, P_BIRTH, P_YEAR, P_BIRTHDAY, P_FIRST, P_LAST, P_FIRST_ROOT, P_FIRST_INITIAL,
    P_LAST_INITIAL, P_LAST_SOUND, P_LAST_HEAD, P_LAST_TAIL, P_DOUBLE_TAIL, P_ADDRESS, P_WHOLE
};
enum { ROWS = 2048 }; /* at a time: their parts stay in a core's cache */

static const uint64_t STEP = 0x9E3779B97F4A7C15u, LAST_STEP = 0xD6E8FEB86659FD93u;

#define OF(list, column) (p->list[c->column[at] < 0 ? p->missing : c->column[at]])

/* A part of a row; negative where it is missing. */
static inline __attribute__((always_inline)) int64_t value_of(int kind, const Columns *c, const Parts *p, int64_t at) {
    switch (kind) {
        case P_SSN: return c->ssn[at];
        case P_LICENCE: return c->licence[at];
        case P_PHONE: return c->phone[at];
        case P_ZIP: return c->zip[at];
        case P_BIRTH: return c->birth[at] > 0 ? c->birth[at] : -1;
        case P_YEAR: return c->birth[at] > 0 ? c->birth[at] / 10000 : -1;
        case P_BIRTHDAY: return c->birth[at] > 0 && c->birth[at] % 10000 ? c->birth[at] % 10000 : -1;
        case P_FIRST: return c->first[at];
        case P_LAST: return c->last[at];
        case P_FIRST_ROOT: return OF(root, first);
        case P_FIRST_INITIAL: return OF(initial, first);
        case P_LAST_INITIAL: return OF(initial, last);
        case P_LAST_SOUND: return OF(sound, last);
        case P_LAST_HEAD: return OF(head, last);
        case P_LAST_TAIL: return OF(tail, last);
        case P_DOUBLE_TAIL: return OF(tail, last) == OF(head, last) ? -1 : OF(tail, last);
        case P_WHOLE: return c->whole[at];
        case P_ADDRESS: return c->street[at] < 0 ? -1 : (int64_t)c->street[at] * 1000003 + c->house[at] + 1;
    }
    return -1;
}

#define EACH(kind) \
    case kind: \
        if (first) \
            for (int64_t i = 0; i < size; i++) { \
                const int64_t part = value_of(kind, c, p, begin + i); \
                signs[i] = part; \
                hash[i] = (uint64_t)part * STEP; \
            } \
        else \
            for (int64_t i = 0; i < size; i++) { \
                const int64_t part = value_of(kind, c, p, begin + i); \
                signs[i] |= part; \
                hash[i] = extended(hash[i], part); \
            } \
        return

static inline uint64_t extended(uint64_t hash, int64_t part) { return ((hash ^ hash >> 29) * LAST_STEP + (uint64_t)part) * STEP; }

static inline uint64_t finished(uint64_t hash) {
    const uint64_t mixed = (hash ^ hash >> 32) * LAST_STEP;
    return mixed ^ mixed >> 29;
}

/* Hash one more part of some rows; a sign stays negative once a part was missing. */
static void mix(int kind, int first, const Columns *c, const Parts *p, int64_t begin, int64_t size, uint64_t *restrict hash,
                int64_t *restrict signs) {
    switch (kind) {
        EACH(P_SSN);
        EACH(P_LICENCE);
        EACH(P_PHONE);
        EACH(P_ZIP);
        EACH(P_BIRTH);
        EACH(P_YEAR);
        EACH(P_BIRTHDAY);
        EACH(P_FIRST);
        EACH(P_LAST);
        EACH(P_FIRST_ROOT);
        EACH(P_FIRST_INITIAL);
        EACH(P_LAST_INITIAL);
        EACH(P_LAST_SOUND);
        EACH(P_LAST_HEAD);
        EACH(P_LAST_TAIL);
        EACH(P_DOUBLE_TAIL);
        EACH(P_WHOLE);
        EACH(P_ADDRESS);
    }
}

/* Keys with one more part: of all rows, or of those that `which` marks. `rows` are their places behind `begin`; NULL: one after the other.
 * A row without the part is known no more. */
void refined(const Columns *columns, const Parts *names, int64_t kind, const int32_t *rows, int64_t begin, int64_t size,
             const uint8_t *which, uint64_t *hashes, uint8_t *known) {
    for (int64_t i = 0; i < size; i++) {
        if (which && !which[i]) continue;
        const int64_t part = value_of((int)kind, columns, names, begin + (rows ? rows[i] : i));
        hashes[i] = finished(extended(hashes[i], part));
        known[i] &= part >= 0;
    }
}

/* The key of each row from `begin` on, and whether the row has all its parts. */
void keyed(const Columns *columns, const Parts *names, const uint8_t *kinds, int64_t count, int64_t begin, int64_t size,
           uint64_t *hashes, uint8_t *known) {
    int64_t signs[ROWS];
    for (int64_t from = 0; from < size; from += ROWS) {
        const int64_t length = size - from < ROWS ? size - from : ROWS;
        uint64_t *hash = hashes + from;
        for (int64_t k = 0; k < count; k++) mix(kinds[k], k == 0, columns, names, begin + from, length, hash, signs);
        for (int64_t i = 0; i < length; i++) {
            hash[i] = finished(hash[i]);
            known[from + i] = signs[i] >= 0;
        }
    }
}

enum { MOST_PARTS = 1 << 12 };

/* The buckets of the rows that have a key, by their upper bits: part by part, and where each part begins (and the last one ends). */
void parted(const uint64_t *hashes, const uint8_t *known, int64_t size, int64_t bits, int64_t part_bits, uint32_t *out,
            int32_t *starts) {
    int32_t place[MOST_PARTS] = {0};
    const int shift = (int)(64 - bits), part = (int)(bits - part_bits);
    for (int64_t i = 0; i < size; i++) place[hashes[i] >> shift >> part] += known[i];
    int32_t at = 0;
    for (int64_t p = 0; p < (int64_t)1 << part_bits; at += place[p], place[p] = starts[p], p++) starts[p] = at;
    starts[(int64_t)1 << part_bits] = at;
    for (int64_t i = 0; i < size; i++) {
        const uint64_t bucket = hashes[i] >> shift;
        if (known[i]) out[place[bucket >> part]++] = (uint32_t)bucket;
    }
}

typedef struct {
    const uint32_t *buckets; /* of chunks, each as `parted` has them */
    const int64_t *begins;   /* of each chunk among them */
    const int32_t *starts;
    int64_t chunks;
} Parted;

static void counted(const Parted *side, int64_t part, int64_t parts, int64_t size, int32_t *counts) {
    memset(counts, 0, (size_t)size * sizeof *counts);
    for (int64_t c = 0; c < side->chunks; c++) {
        const uint32_t *buckets = side->buckets + side->begins[c];
        const int32_t *starts = side->starts + c * (parts + 1);
        for (int32_t i = starts[part]; i < starts[part + 1]; i++) counts[buckets[i] & (uint32_t)(size - 1)]++;
    }
}

/* Pairs of all buckets. `which` (comes as zeros) marks the buckets that have more pairs than `cap` or, met by a row, records than
 * `most_records`; `found` how many these are. Each part is counted in `room`, which stays in a core's cache. */
int64_t count_buckets(const Parted *mine, const Parted *theirs, int64_t bits, int64_t part_bits, int64_t cap, int64_t most_records,
               int32_t *room, uint8_t *which, int64_t *found) {
    const int64_t parts = (int64_t)1 << part_bits, size = (int64_t)1 << (bits - part_bits);
    int64_t total = 0;
    for (int64_t p = 0; p < parts; p++) {
        counted(mine, p, parts, size, room);
        counted(theirs, p, parts, size, room + size);
        for (int64_t i = 0; i < size; i++) {
            const int64_t n = room[i], k = room[size + i], pairs = n * k;
            total += pairs;
            if (pairs <= cap && (k <= most_records || !n)) continue;
            which[p * size + i] = 1;
            ++*found;
        }
    }
    return total;
}

/* The rows whose bucket is among some, of which each has a bit; returns how many. */
int64_t rows_in_buckets(const uint64_t *hashes, const uint8_t *known, int64_t size, int64_t bits, const uint8_t *which, int32_t *rows) {
    enum { AHEAD = 16 };
    const int shift = (int)(64 - bits);
    int64_t count = 0;
    for (int64_t i = 0; i < size; i++) {
        if (i + AHEAD < size) __builtin_prefetch(&which[hashes[i + AHEAD] >> shift >> 3]);
        rows[count] = (int32_t)i;
        const uint64_t bucket = hashes[i] >> shift;
        count += known[i] & which[bucket >> 3] >> (bucket & 7);
    }
    return count;
}

/* Which hashes are among sorted keys, of which those of bucket b stand from place starts[b] on. */
void among(const uint64_t *hashes, int64_t size, const uint64_t *keys, int64_t bits, const int32_t *starts, uint8_t *found) {
    enum { AHEAD = 16 };
    const int shift = (int)(64 - bits);
    for (int64_t i = 0; i < size; i++) {
        if (i + 2 * AHEAD < size) __builtin_prefetch(&starts[hashes[i + 2 * AHEAD] >> shift]);
        if (i + AHEAD < size) __builtin_prefetch(&keys[starts[hashes[i + AHEAD] >> shift]]);
        const uint64_t bucket = hashes[i] >> shift;
        uint8_t any = 0;
        for (int32_t k = starts[bucket]; k < starts[bucket + 1]; k++) any |= keys[k] == hashes[i];
        found[i] = any;
    }
}
