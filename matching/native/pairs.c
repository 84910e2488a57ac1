/* The inner loop of a linkage: join chunks of records with indexed cohort rows, make each pair once,
 * and throw away pairs that can't matter.
 *
 * The same steps in the same order and precision as `joining.py` and `pair_filter.py`, which are what
 * runs where this could not be compiled and what the tests compare it with. It keeps nothing, reads
 * the arrays that it is given (the caller checks their types), and writes into buffers whose room it is given.
 */
#include "prefilter.h"
#include <string.h>

#ifndef SOURCE
#define SOURCE 0
#endif
/* The first eight bytes of the SHA-256 of this folder's C: a library of another text is not used. */
const uint64_t source = SOURCE;

enum { FLAGS = 3 }; /* bits that such a number has more, as in joins.py */

typedef struct {
    int64_t number, bits;
    const uint8_t *taken; /* a bit for each of the next larger numbers of a bucket */
    const int32_t *starts;
    const uint64_t *slots;  /* lower half of the hash, and the row of the cohort */
    const uint64_t *hashes; /* of the chunk's records */
    const uint8_t *known;
    const int32_t *places; /* which records these are, in their order; NULL: all */
    int64_t size;
} Rule;

typedef struct {
    int64_t *pair, *caught;
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

/* A block of records at a time, and of these one rule after the other: its tables stay in the cache. What a
 * load needs is asked for some places ahead. */
enum { BLOCK_BITS = 14 };
enum { BLOCK = 1 << BLOCK_BITS, AHEAD = 32 };

typedef struct {
    int32_t at[BLOCK], start[BLOCK], stop[BLOCK];
    uint32_t bucket[BLOCK];
    int32_t ends[BLOCK + 1]; /* of each record's pairs among the sorted ones */
} Work;

static inline int64_t record_of(uint64_t one) { return (int64_t)(one >> (64 - BLOCK_BITS)); }
static inline int64_t row_in(uint64_t one) { return (int64_t)(one << BLOCK_BITS >> (BLOCK_BITS + RULE_BITS)); }
static inline int64_t rule_in(uint64_t one) { return (int64_t)(one & ((1 << RULE_BITS) - 1)); }

/* How many of a rule's records come before a place of the chunk. */
static int64_t before(const Rule *rule, int64_t place) {
    if (!rule->places) return place;
    int64_t low = 0, high = rule->size;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (rule->places[middle] < place) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* Pairs that a rule makes of a block, as record, row and rule in one number; -1 where there is no room. Of the cohort's rows only
 * those before `ahead` are met by the block's first record, one more by each next one: a bucket has them in their order. */
static int64_t met(const Rule *rule, int64_t from, int64_t size, int64_t ahead, Work *w, uint64_t *out, int64_t room) {
    int64_t hits = 0, most = 0, count = 0;
    const int shift = (int)(64 - rule->bits);
    const uint64_t *hashes = rule->hashes;
    const int64_t stop = before(rule, from + size);
    for (int64_t i = before(rule, from); i < stop; i++) {
        if (i + AHEAD < stop) __builtin_prefetch(&rule->taken[hashes[i + AHEAD] >> (shift - FLAGS) >> 3]);
        uint64_t flag = hashes[i] >> (shift - FLAGS);
        w->at[hits] = (int32_t)i;
        w->bucket[hits] = (uint32_t)(flag >> FLAGS);
        hits += rule->known[i] & rule->taken[flag >> 3] >> (flag & 7);
    }
    for (int64_t i = 0; i < hits; i++) {
        if (i + AHEAD < hits) __builtin_prefetch(&rule->starts[w->bucket[i + AHEAD]]);
        w->start[i] = rule->starts[w->bucket[i]];
        w->stop[i] = rule->starts[w->bucket[i] + 1];
        most += w->stop[i] - w->start[i];
    }
    if (most >= room) return -1; /* one more than are kept is written */
    for (int64_t i = 0; i < hits; i++) {
        if (i + AHEAD < hits) __builtin_prefetch(&rule->slots[w->start[i + AHEAD]]);
        const int32_t at = w->at[i];
        uint32_t tag = (uint32_t)hashes[at];
        const int64_t place = (rule->places ? rule->places[at] : at) - from;
        uint64_t record = (uint64_t)place << (64 - BLOCK_BITS) | (uint64_t)rule->number;
        for (int32_t slot = w->start[i]; slot < w->stop[i]; slot++) {
            uint64_t found = rule->slots[slot];
            if ((int64_t)(found & 0xFFFFFFFFu) >= ahead + place) break;
            out[count] = record | (found & 0xFFFFFFFFu) << RULE_BITS;
            count += found >> 32 == tag;
        }
    }
    return count;
}

/* All rules' pairs of a block; -1 where there is no room. */
static int64_t block(const Rule *rules, int64_t rule_count, int64_t at, int64_t length, int64_t ahead, Work *w, Out *out) {
    int64_t count = 0;
    for (int64_t k = 0; k < rule_count; k++) {
        int64_t found = met(&rules[k], at, length, ahead, w, out->met + count, out->room - out->made - count);
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
        if (same_table && rows[row_in(one)] >= begin + record_of(one)) continue;
        made[rule_in(one)]++;
        out->met[kept++] = one;
    }
    return kept;
}

/* Pairs whose names are compared some pairs later, once what is known of these has arrived. */
enum { OPEN = 16 };

typedef struct {
    const Row *theirs;
    int64_t row, record, caught;
    Seen seen;
} Pair;

typedef struct {
    Pair pairs[OPEN];
    int64_t begun, done;
} Queue;

static inline void kept(Out *out, int64_t row, int64_t record, int64_t caught) {
    out->pair[out->made] = row << RECORD_BITS | record;
    out->caught[out->made++] = caught;
}

/* Decide on the pair that waits longest. */
static inline void ended(Queue *queue, const Prefilter *prefilter, const Row *cohort, const int32_t *rows, Out *out) {
    const Pair *p = &queue->pairs[queue->done++ % OPEN];
    if (worth_by_names(prefilter, &cohort[p->row], p->theirs, p->record, &p->seen))
        kept(out, rows ? rows[p->row] : p->row, p->record, p->caught);
}

/* A record's pairs in their rows' order, each once, unless the prefilter says that it can't matter. */
static void listed(uint64_t *keys, int64_t count, const Prefilter *prefilter, const Row *cohort, const int32_t *rows,
                   const Row *one, int64_t record, Queue *queue, Out *out) {
    in_order(keys, count);
    for (int64_t j = 0; j < count;) {
        int64_t row = row_in(keys[j]), caught = 0;
        for (; j < count && row_in(keys[j]) == row; j++) caught |= (int64_t)1 << rule_in(keys[j]);
        if (!prefilter || caught & prefilter->always) {
            while (queue->done < queue->begun) ended(queue, prefilter, cohort, rows, out);
            kept(out, rows[row], record, caught);
            continue;
        }
        Seen seen;
        if (!worth(prefilter, &cohort[row], one, record, &seen)) continue;
        if (queue->begun - queue->done == OPEN) ended(queue, prefilter, cohort, rows, out);
        queue->pairs[queue->begun++ % OPEN] = (Pair){one, row, record, caught, seen};
        __builtin_prefetch(&rows[row]);
        ask_names(prefilter->words, &cohort[row]);
        ask_names(prefilter->words, one);
    }
}

/* Join the records from place `from` to `size` of a chunk that begins at record `begin`.
 * Returns the first place that was not joined any more for want of room. */
int64_t joined(const Rule *rules, int64_t rule_count, const Prefilter *prefilter, const Row *cohort, const int32_t *rows,
               int64_t row_count, const Row *records, int64_t begin, int64_t from, int64_t size, int64_t same_table, int64_t *made, Out *out) {
    Work w;
    const int in_a_row = same_table && row_count && rows[row_count - 1] - rows[0] == row_count - 1;
    for (int64_t at = from, length; at < size; at += length) {
        const int64_t ahead = in_a_row ? begin + at - rows[0] : INT64_MAX / 2;
        length = size - at < BLOCK ? size - at : BLOCK;
        int64_t count = -1;
        while ((count = block(rules, rule_count, at, length, ahead, &w, out)) < 0) {
            if (out->made) return at;
            if (length == 1) {
                out->need = 2 * out->room;
                return at;
            }
            length = (length + 1) / 2;
        }
        count = counted(out, count, rows, begin + at, same_table, made);
        for (int64_t i = 0; i <= length; i++) w.ends[i] = 0;
        for (int64_t i = 0; i < count; i++) w.ends[record_of(out->met[i]) + 1]++;
        for (int64_t i = 0; i < length; i++) w.ends[i + 1] += w.ends[i];
        for (int64_t i = 0; i < count; i++) out->sorted[w.ends[record_of(out->met[i])]++] = out->met[i];
        Queue queue = {.begun = 0, .done = 0};
        for (int64_t i = 0, one = 0, asked = 0; i < length; i++) { /* ends[i] is now where record i's pairs end */
            int64_t far = w.ends[i + 2 < length ? i + 2 : length - 1];
            for (; asked < far; asked++) __builtin_prefetch(&cohort[row_in(out->sorted[asked])]);
            listed(out->sorted + one, w.ends[i] - one, prefilter, cohort, rows, &records[at + i], begin + at + i, &queue, out);
            one = w.ends[i];
        }
        while (queue.done < queue.begun) ended(&queue, prefilter, cohort, rows, out);
    }
    return size;
}

/* Rows of one table by the bucket of their hash; a slot is 32 further bits of the hash, and the row. */
typedef struct {
    const int32_t *starts;
    const uint64_t *slots;
} Buckets;

enum { PLACE_BITS = 16, MOST_PARTS = 1 << 12 }; /* of a row in its chunk; of a table */

/* The rows of a chunk that have a key, by the upper `bits` of their hashes: of `count` parts from `first` on, one after the other, and
 * where each begins (and the last one ends). Each is the hash's further bits, and the row's place in the chunk. */
void in_parts(const uint64_t *hashes, const uint8_t *known, int64_t size, int64_t bits, int64_t first, int64_t count, uint64_t *out,
              int32_t *starts) {
    const int shift = (int)(64 - bits);
    const uint64_t row = ((uint64_t)1 << PLACE_BITS) - 1;
    int32_t place[MOST_PARTS + 1] = {0}, at = 0;
    for (int64_t i = 0; i < size; i++) {
        const uint64_t part = (hashes[i] >> shift) - (uint64_t)first;
        place[part < (uint64_t)count ? part : MOST_PARTS] += known[i];
    }
    for (int64_t p = 0; p < count; at += place[p], place[p] = starts[p], p++) starts[p] = at;
    starts[count] = at;
    for (int64_t i = 0; i < size; i++) {
        const uint64_t part = (hashes[i] >> shift) - (uint64_t)first;
        if (known[i] && part < (uint64_t)count) out[place[part]++] = (hashes[i] << bits & ~row) | (uint64_t)i;
    }
}

/* Chunks of a table, of so many rows each, whose rows are in parts. */
typedef struct {
    const uint64_t *const *chunks;
    const int32_t *starts;
    int64_t count, rows, parts;
} Parted;

/* The rows of a part in buckets, in their order; at place i of `places` stands where bucket i begins, and one behind the last where it ends. */
void in_buckets(const Parted *table, int64_t part, int64_t bits, int32_t *places, uint64_t *slots) {
    const int shift = (int)(64 - bits);
    const uint64_t lower = 0xFFFFFFFFu, row = ((uint64_t)1 << PLACE_BITS) - 1;
    memset(places, 0, (((size_t)1 << bits) + 2) * sizeof *places);
    for (int64_t c = 0; c < table->count; c++) {
        const uint64_t *rows = table->chunks[c];
        const int32_t *starts = table->starts + c * (table->parts + 1) + part;
        for (int32_t i = starts[0]; i < starts[1]; i++) places[(rows[i] >> shift) + 2]++;
    }
    for (int64_t i = 0; i < (int64_t)1 << bits; i++) places[i + 2] += places[i + 1];
    for (int64_t c = 0; c < table->count; c++) {
        const uint64_t *rows = table->chunks[c], begin = (uint64_t)(c * table->rows);
        const int32_t *starts = table->starts + c * (table->parts + 1) + part;
        for (int32_t i = starts[0]; i < starts[1]; i++)
            slots[places[(rows[i] >> shift) + 1]++] = (rows[i] << bits & ~lower) | (begin + (rows[i] & row));
    }
}

typedef struct {
    int32_t a, b;
} Two;

enum { WAITING = 1 << 12 }; /* pairs that are made before they are looked at */

/* Ask for what a pair of rows is weighed by. */
static inline void ask_rows(const Two *pair, const Prefilter *prefilter, const Row *table) {
    static const int fields[] = {BIRTH, LAST, FIRST};
    __builtin_prefetch(&table[pair->a]);
    if (pair->b == pair[-1].b) return;
    __builtin_prefetch(&table[pair->b]);
    for (int i = 0; prefilter && i < 3; i++)
        if (prefilter->frequency[fields[i]]) __builtin_prefetch(&prefilter->frequency[fields[i]][pair->b]);
}

/* Decide on pairs of rows of one table. */
static void decided(const Two *pairs, int64_t count, const Prefilter *prefilter, const Row *table, int64_t caught, Out *out) {
    Queue queue = {.begun = 0, .done = 0};
    for (int64_t i = 0; i < count; i++) {
        if (i + OPEN < count) ask_rows(&pairs[i + OPEN], prefilter, table);
        const Row *a = &table[pairs[i].a], *b = &table[pairs[i].b];
        if (!prefilter) {
            kept(out, pairs[i].a, pairs[i].b, caught);
            continue;
        }
        Seen seen;
        if (!worth(prefilter, a, b, pairs[i].b, &seen)) continue;
        if (queue.begun - queue.done == OPEN) ended(&queue, prefilter, table, NULL, out);
        queue.pairs[queue.begun++ % OPEN] = (Pair){b, pairs[i].a, pairs[i].b, caught, seen};
        ask_names(prefilter->words, a);
        ask_names(prefilter->words, b);
    }
    while (queue.done < queue.begun) ended(&queue, prefilter, table, NULL, out);
}

/* Join a whole table with itself by one rule, from bucket `from` to `to`: who shares a key stands side by side, and is looked at
 * while it is in the cache. `mine` are the rows by their key, `theirs` the same or the rows by the key that they have as records.
 * Returns the first bucket that was not joined any more for want of room. */
int64_t within(const Buckets *mine, const Buckets *theirs, const Prefilter *prefilter, const Row *table, int64_t rule, int64_t from,
               int64_t to, int64_t *made, Out *out) {
    Two waiting[WAITING];
    int64_t count = 0, pairs = 0, at = from;
    struct {
        int64_t bucket, made, pairs; /* whatever came before is decided */
    } whole = {from, out->made, 0};
    for (; at <= to; at++) {
        if (at == to || count >= WAITING / 2) {
            if (out->made + count > out->room) break;
            decided(waiting, count, prefilter, table, (int64_t)1 << rule, out);
            pairs += count;
            count = 0;
            whole.bucket = at, whole.made = out->made, whole.pairs = pairs;
            if (at == to) break;
        }
        if (at + AHEAD < to) {
            __builtin_prefetch(&mine->slots[mine->starts[at + AHEAD]]);
            __builtin_prefetch(&theirs->slots[theirs->starts[at + AHEAD]]);
        }
        const int32_t first = mine->starts[at], last = mine->starts[at + 1];
        int full = 0;
        for (int32_t j = theirs->starts[at]; j < theirs->starts[at + 1] && !full; j++) {
            const uint64_t record = theirs->slots[j];
            for (int32_t i = first; i < last && (uint32_t)mine->slots[i] < (uint32_t)record; i++) {
                if (count == WAITING) {
                    if ((full = out->made + count > out->room)) break;
                    decided(waiting, count, prefilter, table, (int64_t)1 << rule, out);
                    pairs += count;
                    count = 0;
                }
                waiting[count] = (Two){(int32_t)mine->slots[i], (int32_t)record};
                count += mine->slots[i] >> 32 == record >> 32;
            }
        }
        if (full) break;
    }
    if (whole.bucket < to && !whole.made) out->need = 2 * out->room;
    out->made = whole.made;
    made[rule] += whole.pairs;
    return whole.bucket;
}

/* Rows by the bucket of their hash, in their order: where each bucket starts, and which flags are set.
 * `starts` and `taken` come as zeros. */
void by_bucket(const uint64_t *hashes, const uint8_t *known, int64_t size, int64_t bits, int32_t *starts,
               uint8_t *taken, uint64_t *slots) {
    const int shift = (int)(64 - bits);
    const int64_t buckets = (int64_t)1 << bits;
    for (int64_t i = 0; i < size; i++) {
        if (!known[i]) continue;
        uint64_t flag = hashes[i] >> (shift - FLAGS);
        taken[flag >> 3] |= (uint8_t)(1 << (flag & 7));
        starts[(flag >> FLAGS) + 1]++;
    }
    for (int64_t i = 0; i < buckets; i++) starts[i + 1] += starts[i];
    for (int64_t i = 0; i < size; i++)
        if (known[i]) slots[starts[hashes[i] >> shift]++] = hashes[i] << 32 | (uint64_t)i;
    for (int64_t i = buckets; i > 0; i--) starts[i] = starts[i - 1]; /* each had moved to where its bucket ends */
    starts[0] = 0;
}

/* The columns of the rows from `begin` on, or of those that `chosen` lists, a row at a time: one line of a cache. */
void pack(const Columns *columns, const int32_t *chosen, int64_t begin, int64_t size, Row *out) {
    for (int64_t i = 0; i < size; i++) out[i] = row_of(columns, chosen ? chosen[i] : begin + i);
}

/* Pairs that come in their records' order, put into their rows' order: those of a row stay as they come. */
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
