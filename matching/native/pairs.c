/* The inner loop of a linkage: join chunks of records with indexed cohort rows, make each pair once,
 * and throw away pairs that can't matter.
 *
 * The same steps in the same order and precision as `joining.py` and `screening.py`, which are what
 * runs where this could not be compiled and what the tests compare it with. It keeps nothing, reads
 * the arrays that it is given (the caller checks their types), and writes into buffers whose room it is told.
 */
#include "glance.h"

#ifndef SOURCE
#define SOURCE 0
#endif
/* The first eight bytes of the SHA-256 of glance.h and this file: a library of another text is not used. */
const uint64_t source = SOURCE;

typedef struct {
    int64_t number, bits;
    const uint8_t *taken; /* a bit for each bucket */
    const int32_t *starts;
    const uint64_t *slots;  /* lower half of the hash, and the row of the cohort */
    const uint64_t *hashes; /* of the chunk's records */
    const uint8_t *known;
} Rule;

typedef struct {
    int64_t *pair, *caught;
    float *bound;
    uint64_t *met, *sorted; /* room for pairs of a block before they are made distinct */
    int64_t room, made, need; /* made: how many are in; need: room for one record's pairs */
} Out;

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void in_order(uint64_t *keys, int64_t count) {
    if (count > 48) {
        qsort(keys, (size_t)count, sizeof *keys, by_number);
        return;
    }
    for (int64_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        int64_t j = i;
        for (; j > 0 && keys[j - 1] > key; j--) keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

/* A block of records at a time, and of these one rule after the other: its tables stay in the cache,
 * and no load waits for the one before. */
enum { BLOCK = 4096 };

typedef struct {
    int32_t at[BLOCK], start[BLOCK], stop[BLOCK];
    int32_t ends[BLOCK + 1]; /* of each record's pairs among the sorted ones */
} Work;

/* Pairs that a rule makes of a block, as record, row and rule in one number; -1 where there is no room. */
static int64_t met(const Rule *rule, int64_t from, int64_t size, Work *w, uint64_t *out, int64_t room) {
    int64_t hits = 0, most = 0, count = 0;
    const int shift = (int)(64 - rule->bits);
    for (int64_t i = 0; i < size; i++) {
        uint64_t bucket = rule->hashes[from + i] >> shift;
        w->at[hits] = (int32_t)i;
        hits += rule->known[from + i] & rule->taken[bucket >> 3] >> (bucket & 7);
    }
    for (int64_t i = 0; i < hits; i++) {
        uint64_t bucket = rule->hashes[from + w->at[i]] >> shift;
        w->start[i] = rule->starts[bucket];
        w->stop[i] = rule->starts[bucket + 1];
        most += w->stop[i] - w->start[i];
    }
    if (most >= room) return -1; /* one more than are kept is written */
    for (int64_t i = 0; i < hits; i++) {
        uint32_t tag = (uint32_t)rule->hashes[from + w->at[i]];
        uint64_t record = (uint64_t)w->at[i] << (64 - 12) | (uint64_t)rule->number;
        for (int32_t slot = w->start[i]; slot < w->stop[i]; slot++) {
            uint64_t found = rule->slots[slot];
            out[count] = record | (found & 0xFFFFFFFFu) << RULE_BITS;
            count += found >> 32 == tag;
        }
    }
    return count;
}

/* All rules' pairs of a block; -1 where there is no room. */
static int64_t block(const Rule *rules, int64_t rule_count, int64_t at, int64_t length, Work *w, Out *out) {
    int64_t count = 0;
    for (int64_t k = 0; k < rule_count; k++) {
        int64_t found = met(&rules[k], at, length, w, out->met + count, out->room - out->made - count);
        if (found < 0) return -1;
        count += found;
    }
    return count;
}

/* Count the pairs by rule; within one table a pair is kept from its larger side. */
static int64_t counted(Out *out, int64_t count, const int32_t *rows, int64_t begin, int64_t same_table, int64_t *made) {
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t one = out->met[i];
        if (same_table && rows[one << 12 >> (12 + RULE_BITS)] >= begin + (int64_t)(one >> 52)) continue;
        made[one & ((1 << RULE_BITS) - 1)]++;
        out->met[kept++] = one;
    }
    return kept;
}

/* Join the records from place `from` to `size` of a chunk that begins at record `begin`.
 * Returns the first place that was not joined any more for want of room. */
int64_t joined(const Rule *rules, int64_t rule_count, const Glance *glance, const Row *cohort, const int32_t *rows,
               const Row *records, int64_t begin, int64_t from, int64_t size, int64_t same_table, int64_t *made, Out *out) {
    Work w;
    for (int64_t at = from, length; at < size; at += length) {
        length = size - at < BLOCK ? size - at : BLOCK;
        int64_t count = -1;
        while ((count = block(rules, rule_count, at, length, &w, out)) < 0) {
            if (out->made) return at;
            if (length == 1) {
                out->need = 2 * out->room;
                return at;
            }
            length = (length + 1) / 2;
        }
        count = counted(out, count, rows, begin + at, same_table, made);
        for (int64_t i = 0; i <= length; i++) w.ends[i] = 0;
        for (int64_t i = 0; i < count; i++) w.ends[(out->met[i] >> 52) + 1]++;
        for (int64_t i = 0; i < length; i++) w.ends[i + 1] += w.ends[i];
        for (int64_t i = 0; i < count; i++) out->sorted[w.ends[out->met[i] >> 52]++] = out->met[i];
        for (int64_t i = 0, one = 0; i < length; i++) { /* ends[i] is now where record i's pairs end */
            uint64_t *keys = out->sorted + one;
            int64_t own = w.ends[i] - one, record = begin + at + i;
            one = w.ends[i];
            in_order(keys, own);
            for (int64_t j = 0; j < own;) {
                uint64_t row = keys[j] << 12 >> (12 + RULE_BITS);
                int64_t caught = 0;
                for (; j < own && keys[j] << 12 >> (12 + RULE_BITS) == row; j++)
                    caught |= (int64_t)1 << (keys[j] & ((1 << RULE_BITS) - 1));
                if (j < own) __builtin_prefetch(&cohort[keys[j] << 12 >> (12 + RULE_BITS)]);
                float bound = 0;
                if (glance && !worth(glance, &cohort[row], &records[at + i], record, &bound)) continue;
                out->pair[out->made] = (int64_t)rows[row] << RECORD_BITS | record;
                out->caught[out->made] = caught;
                out->bound[out->made++] = bound;
            }
        }
    }
    return size;
}

/* Count rows by bucket; where `only` is given, in the buckets that it counted some in. */
void count(const uint64_t *hashes, const uint8_t *known, int64_t size, int64_t bits, const int32_t *only, int32_t *counts) {
    const int shift = (int)(64 - bits);
    for (int64_t i = 0; i < size; i++) {
        uint64_t bucket = hashes[i] >> shift;
        if (known[i] && (!only || only[bucket])) counts[bucket]++;
    }
}

/* Pairs of all buckets, and which buckets have more pairs than `cap` or records than `crowd`. */
int64_t crowded(const int32_t *mine, const int32_t *theirs, int64_t size, int64_t cap, int64_t crowd, uint8_t *which) {
    int64_t total = 0;
    for (int64_t i = 0; i < size; i++) {
        int64_t pairs = (int64_t)mine[i] * theirs[i];
        total += pairs;
        which[i] = pairs > cap || (theirs[i] > crowd && mine[i]);
    }
    return total;
}
