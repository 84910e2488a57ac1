/* Numbers for distinct values in the order of their first appearance, by open addressing. Tables double when half full. */
#define _DEFAULT_SOURCE /* madvise */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { AHEAD = 8, FIRST_BITS = 12, ROOMY_BITS = 21, PAGE_BITS = 21 };

/* Bits of the first table's size: half of the values may be distinct before it doubles; of more than two million, an eighth. */
static int first_bits(int64_t size) {
    int bits = FIRST_BITS;
    while (size >> bits && (bits < ROOMY_BITS || size >> (bits + 2))) bits++;
    return bits;
}

static inline uint64_t mixed(uint64_t x) {
    x = (x ^ x >> 32) * 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
}

/* Places of values, one more than each; 0: free. Large tables lie in large pages where the system has some: they are looked up at random.
 * Four bytes a place: what is touched of fresh memory is what a table of millions costs. */
static uint32_t *places(int bits) {
    const size_t bytes = sizeof(uint32_t) << bits;
    if (bytes >> PAGE_BITS == 0) return calloc((size_t)1 << bits, sizeof(uint32_t));
    uint32_t *slots = aligned_alloc((size_t)1 << PAGE_BITS, bytes);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (slots) madvise(slots, bytes, MADV_HUGEPAGE);
#endif
    if (slots) memset(slots, 0, bytes);
    return slots;
}

static uint32_t *more_places(uint32_t *old, int bits, const int64_t *values) {
    uint32_t *slots = places(bits + 1);
    if (slots) {
        const uint64_t mask = ((uint64_t)2 << bits) - 1;
        for (int64_t i = 0; i < (int64_t)1 << bits; i++) {
            if (!old[i]) continue;
            uint64_t at = mixed((uint64_t)values[old[i] - 1]) & mask;
            while (slots[at]) at = (at + 1) & mask;
            slots[at] = old[i];
        }
    }
    free(old);
    return slots;
}

/* Returns how many distinct values there are; -1 where there is no memory. */
int64_t numbered(const int64_t *values, int64_t size, int64_t *numbers) {
    int bits = first_bits(size);
    int64_t count = 0;
    uint32_t *slots = places(bits);
    for (int64_t i = 0; slots && i < size; i++) {
        const uint64_t mask = ((uint64_t)1 << bits) - 1;
        if (i + 2 * AHEAD < size) __builtin_prefetch(&slots[mixed((uint64_t)values[i + 2 * AHEAD]) & mask], 1);
        if (i + AHEAD < size) {
            const uint32_t coming = slots[mixed((uint64_t)values[i + AHEAD]) & mask];
            if (coming) {
                __builtin_prefetch(&values[coming - 1]);
                __builtin_prefetch(&numbers[coming - 1]);
            }
        }
        uint64_t at = mixed((uint64_t)values[i]) & mask;
        while (slots[at] && values[slots[at] - 1] != values[i]) at = (at + 1) & mask;
        if (slots[at]) {
            numbers[i] = numbers[slots[at] - 1];
            continue;
        }
        slots[at] = (uint32_t)(i + 1);
        numbers[i] = count++;
        if (2 * count > (int64_t)mask) slots = more_places(slots, bits++, values);
    }
    if (!slots) return -1;
    free(slots);
    return count;
}

/* Numbers from 0 on for indices below the size of `table` (which comes as -1 throughout), or -1 for -1; `order` says
 * which index has which number. Returns how many there are. */
int64_t renumbered(const int32_t *indices, int64_t size, int32_t *table, int32_t *out, int32_t *order) {
    int32_t count = 0;
    for (int64_t i = 0; i < size; i++) {
        int32_t index = indices[i];
        if (index < 0) {
            out[i] = -1;
            continue;
        }
        if (table[index] < 0) {
            table[index] = count;
            order[count++] = index;
        }
        out[i] = table[index];
    }
    return count;
}

static inline int64_t value_at(const void *values, int64_t wide, int64_t i) {
    return wide ? ((const int64_t *)values)[i] : ((const int32_t *)values)[i];
}

/* The rows whose value more than `most` rows may have, by its hash's upper bits; `many` comes as 0 throughout.
 * Values are of 64 bits where they are `wide`, else of 32; negative ones are nobody's. Returns how many rows. */
int64_t perhaps_shared(const void *values, int64_t wide, int64_t size, int64_t bits, int64_t most, int32_t *many, int32_t *rows) {
    int64_t count = 0;
    for (int64_t i = 0; i < size; i++) {
        const int64_t value = value_at(values, wide, i);
        if (value >= 0) many[mixed((uint64_t)value) >> (64 - bits)]++;
    }
    for (int64_t i = 0; i < size; i++) {
        const int64_t value = value_at(values, wide, i);
        if (value >= 0 && many[mixed((uint64_t)value) >> (64 - bits)] > most) rows[count++] = (int32_t)i;
    }
    return count;
}

static inline uint64_t hashed(const uint8_t *text, int64_t length) {
    uint64_t hash = (uint64_t)length * 0x9E3779B97F4A7C15u, part;
    for (; length >= 8; text += 8, length -= 8) {
        memcpy(&part, text, 8);
        hash = mixed(hash ^ part);
    }
    part = 0;
    memcpy(&part, text, (size_t)length);
    return mixed(hash ^ part);
}

/* Texts by number: a slot holds it in its lower bits (from 1 on; 0: free) and, in what is left, bits of the text's hash. */
typedef struct {
    const int32_t *offsets;
    const uint8_t *bytes;
    int32_t *first; /* where each number's text stands first */
    uint32_t *slots;
    uint32_t lower; /* a slot's lower bits */
    int bits;
} Texts;

static inline uint64_t hash_of(const Texts *t, int64_t i) { return hashed(t->bytes + t->offsets[i], t->offsets[i + 1] - t->offsets[i]); }

static inline int alike(const Texts *t, int64_t i, int64_t j) {
    const int32_t length = t->offsets[i + 1] - t->offsets[i];
    return t->offsets[j + 1] - t->offsets[j] == length && !memcmp(t->bytes + t->offsets[i], t->bytes + t->offsets[j], (size_t)length);
}

/* A table of twice the size; what the old one held is told by the texts, so it goes first. */
static void more_texts(Texts *t, int64_t count) {
    uint64_t coming[AHEAD];
    free(t->slots);
    if (!(t->slots = places(++t->bits))) return;
    const uint64_t mask = ((uint64_t)1 << t->bits) - 1;
    for (int64_t k = -AHEAD; k < count; k++) {
        const uint64_t hash = k < 0 ? 0 : coming[k % AHEAD];
        if (k + AHEAD < count) {
            const int64_t j = k + AHEAD;
            coming[j % AHEAD] = hash_of(t, t->first[j]);
            __builtin_prefetch(&t->slots[mixed(coming[j % AHEAD]) & mask], 1);
        }
        if (k < 0) continue;
        uint64_t at = mixed(hash) & mask;
        while (t->slots[at]) at = (at + 1) & mask;
        t->slots[at] = ((uint32_t)(hash >> 32) & ~t->lower) | (uint32_t)(k + 1);
    }
}

/* The same for texts, which lie between offsets; `first` gets the place of each text's first appearance. */
int64_t numbered_texts(const int32_t *offsets, const uint8_t *bytes, int64_t size, int32_t *numbers, int32_t *first) {
    Texts t = {offsets, bytes, first, NULL, 1, first_bits(size)};
    while (size > (int64_t)t.lower) t.lower = 2 * t.lower + 1;
    int64_t count = 0;
    t.slots = places(t.bits);
    uint64_t coming[AHEAD];
    for (int64_t i = -AHEAD; t.slots && i < size; i++) {
        const uint64_t mask = ((uint64_t)1 << t.bits) - 1;
        const uint64_t hash = i < 0 ? 0 : coming[i % AHEAD];
        if (i + AHEAD < size) {
            const int64_t j = i + AHEAD;
            coming[j % AHEAD] = hash_of(&t, j);
            __builtin_prefetch(&t.slots[mixed(coming[j % AHEAD]) & mask], 1);
        }
        if (i < 0) continue;
        const uint32_t upper = (uint32_t)(hash >> 32) & ~t.lower;
        uint64_t at = mixed(hash) & mask;
        for (; t.slots[at]; at = (at + 1) & mask)
            if ((t.slots[at] & ~t.lower) == upper && alike(&t, i, first[(t.slots[at] & t.lower) - 1])) break;
        if (t.slots[at]) {
            numbers[i] = (int32_t)(t.slots[at] & t.lower) - 1;
            continue;
        }
        first[count] = (int32_t)i;
        numbers[i] = (int32_t)count++;
        t.slots[at] = upper | (uint32_t)count;
        if (2 * count > (int64_t)mask) more_texts(&t, count);
    }
    if (!t.slots) return -1;
    free(t.slots);
    return count;
}
