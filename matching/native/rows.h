/* A row as comparisons read it, what is known of each text, and the levels that numbers and dates are compared by.
 * `numbers.py` and `texts.py` say what each means.
 */
#ifndef ROWS_H
#define ROWS_H
#include <stdint.h>
#include <stdlib.h>

enum { FIRST, LAST, SEX, MIDDLE, SUFFIX, BIRTH, SSN, LICENCE, PHONE, STREET, PLACE, FIELDS };
enum { LEVELS = 16 }; /* room for those of a field */
enum { NICKNAMES, SPELLINGS }; /* lists of pairs of names */
/* levels by their place in fields.py; 0 is missing and 1 the same */
enum { NICKNAME = 2, INITIAL, FIRST_CLOSE, FIRST_SIMILAR, FIRST_PART, SWAPPED, FIRST_DIFFERENT };
enum { LAST_PART = 2, LAST_CLOSE, LAST_SIMILAR, LAST_DIFFERENT, LAST_DIFFERENT_FEMALE };
enum { TURNED = 2, ONE_DIGIT, DEFAULT_DAY, TWO_PARTS, NEAR_YEAR, DATES_DIFFER };

typedef struct {
    int64_t licence, phone;
    int32_t first, last, middle, street, city, zip, county, house, ssn;
    uint32_t date; /* a digit in four bits */
    int32_t whole; /* a hash of all names, whatever their order and boxes */
    int16_t ssn4;
    int8_t sex, suffix;
} Row;

/* The same by columns; a birth date as yyyymmdd. */
typedef struct {
    const int64_t *licence, *phone;
    const int32_t *first, *last, *middle, *street, *city, *zip, *county, *house, *ssn, *birth, *whole;
    const int16_t *ssn4;
    const int8_t *sex, *suffix;
} Columns;

typedef struct {
    uint64_t once, twice; /* letters */
    int32_t head, tail, sound, initial;
    uint32_t begin; /* its first four characters */
    float length;   /* 0: its letters were not counted */
    uint64_t letters; /* a number for its letters in any order; those of two texts add up */
    int32_t voice;
    uint8_t surplus, single, listed, rest[9]; /* listed: bits of the lists that its head is in */
} Text; /* 64 bytes, as a row */

typedef struct {
    const Text *names, *streets; /* by code */
    const int64_t *pairs;        /* sorted: the lower code, a list, the higher code */
    int64_t pair_count;
} Words;

/* Ask for what is known of a row's names. */
static inline void ask_names(const Words *w, const Row *row) {
    if (row->first >= 0) __builtin_prefetch(&w->names[row->first]);
    if (row->last >= 0) __builtin_prefetch(&w->names[row->last]);
}

static inline uint32_t nibbles(uint32_t date) {
    uint32_t result = 0;
    for (int at = 0; at < 32; at += 4, date /= 10) result |= date % 10 << at;
    return result;
}

static inline Row row_of(const Columns *c, int64_t i) {
    return (Row){c->licence[i], c->phone[i], c->first[i], c->last[i],   c->middle[i],
                 c->street[i],  c->city[i],  c->zip[i],   c->county[i], c->house[i],
                 c->ssn[i],     nibbles((uint32_t)c->birth[i]), c->whole[i], c->ssn4[i], c->sex[i], c->suffix[i]};
}

/* Whether two numbers may differ in one digit, or by two neighbouring ones that are exchanged: then they are less than base^2 times a
 * power of the base apart, which most others show by their lower bits not to be. Nothing is lost: powers are rounded down. */
static inline __attribute__((always_inline)) int perhaps_one_off(int64_t x, int64_t y, int64_t base) {
    const uint64_t apart = x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
    const int power = ((63 - __builtin_clzll(apart)) * (base == 10 ? 1233 : 790) >> 12) - 1;
    return __builtin_ctzll(apart) >= power * __builtin_ctzll((uint64_t)base);
}

static inline __attribute__((always_inline)) int one_off(int64_t x, int64_t y, int64_t base) {
    if (!perhaps_one_off(x, y, base)) return 0;
    int different = 0, swaps = 0;
    while (x != y) {
        int64_t u = x % base, v = y % base;
        x /= base, y /= base;
        if (u == v) continue;
        if (++different > 2) return 0;
        swaps += u == y % base && v == x % base;
    }
    return different == 1 || (different == 2 && swaps == 1);
}

static inline __attribute__((always_inline)) int number_level(int64_t x, int64_t y, int64_t base) {
    if (x < 0 || y < 0) return 0;
    return x == y ? 1 : one_off(x, y, base) ? 2 : 3;
}

static inline int ssn_level(const Row *c, const Row *r) {
    if (c->ssn4 < 0 || r->ssn4 < 0) return 0;
    if (c->ssn < 0 || r->ssn < 0) return c->ssn4 == r->ssn4 ? 3 : 4;
    int level = number_level(c->ssn, r->ssn, 10);
    return level == 3 ? 4 : level;
}

static inline int year_of(uint32_t date) {
    uint32_t y = date >> 16;
    return (int)((y >> 12) * 1000 + (y >> 8 & 15) * 100 + (y >> 4 & 15) * 10 + (y & 15));
}

static inline int vague(uint32_t date) { return (date & 0xFFFF) == 0x0101 || !(date & 0xFF); }

static inline int birth_level(uint32_t u, uint32_t v) {
    if (u == v && (u & 0xFF)) return 1;
    if (!u || !v) return 0;
    uint32_t apart = u ^ v;
    int year = !(apart >> 16), month = !(apart & 0xFF00), day = !(apart & 0xFF);
    if (year && u == ((v & 0xFFFF0000u) | (v & 0xFF) << 8 | (v >> 8 & 0xFF))) return TURNED;
    uint32_t places = apart | apart >> 2;
    places = (places | places >> 1) & 0x11111111; /* a bit for each digit that differs */
    const uint32_t lowest = places & -places;
    if (places && places == lowest) return ONE_DIGIT;
    if (places && places == (lowest | lowest << 4)) { /* two neighbours: exchanged? */
        const int at = __builtin_ctz(lowest);
        if ((u >> at & 15) == (v >> (at + 4) & 15) && (u >> (at + 4) & 15) == (v >> at & 15)) return ONE_DIGIT;
    }
    if (year && (vague(u) || vague(v))) return DEFAULT_DAY;
    if (year + month + day >= 2) return TWO_PARTS;
    return abs(year_of(u) - year_of(v)) <= 1 ? NEAR_YEAR : DATES_DIFFER;
}

/* A similarity that Jaro-Winkler never exceeds (texts.py says why). */
static inline float most_alike(const Text *x, const Text *y) {
    float m = x->length, k = y->length;
    if (m == 0 || k == 0) return 1;
    int common = __builtin_popcountll(x->once & y->once) + __builtin_popcountll(x->twice & y->twice);
    common += x->surplus < y->surplus ? x->surplus : y->surplus;
    uint32_t apart = x->begin ^ y->begin;
    int prefix = (apart < 1u << 24) + (apart < 1u << 16) + (apart < 1u << 8) + (apart == 0);
    float jaro = common ? ((float)common / m + (float)common / k + 1) / 3 : 0;
    if (jaro > 1) jaro = 1;
    return jaro + (float)prefix * 0.1f * (1 - jaro);
}

/* Whether the heads of two names are a pair of a list. */
static inline int paired(const Words *w, const Text *u, const Text *v, int64_t list) {
    if (!(u->listed & v->listed & 1 << list)) return 0;
    const int64_t x = u->head, y = v->head;
    int64_t key = (x < y ? x << 32 | y : y << 32 | x) | list << 31, low = 0, high = w->pair_count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (w->pairs[middle] < key) low = middle + 1;
        else high = middle;
    }
    return low < w->pair_count && w->pairs[low] == key;
}

static inline int share_part(const Text *u, const Text *v) {
    return u->head == v->head || u->tail == v->tail || u->head == v->tail || u->tail == v->head;
}

/* Whether the last part of one name has all the letters of the other ("David Sangwoo", "Sang Woo"). */
static inline int ends_with(const Words *w, int32_t x, int32_t y) {
    const Text *u = &w->names[x], *v = &w->names[y];
    return (v->tail != y && w->names[v->tail].letters == u->letters) ||
           (u->tail != x && w->names[u->tail].letters == v->letters);
}

/* Whether two last names share a part, or one stands among the other's middle names. */
static inline int part_of(const Text *u, const Text *v, const Row *c, const Row *r) {
    return share_part(u, v) || c->last == r->middle || r->last == c->middle;
}

/* Whether a given name of one row is all given names, or the middle name, of the other. */
static inline int crossed(const Words *w, const Row *c, const Row *r) {
    int32_t x = c->first, y = r->first, s = c->middle, t = r->middle;
    if (x < 0 || y < 0 || x == y || (s < 0 && t < 0)) return 0;
    if (x == t || y == s) return 1;
    uint64_t u = w->names[x].letters, v = w->names[y].letters;
    uint64_t p = s < 0 ? 0 : w->names[s].letters, q = t < 0 ? 0 : w->names[t].letters;
    return (t >= 0 && (u == v + q || u + p == q)) || (s >= 0 && (v == u + p || v + q == p));
}

static inline uint64_t letters_of(const Words *w, const Row *row) {
    uint64_t sum = row->first < 0 ? 0 : w->names[row->first].letters;
    sum += row->middle < 0 ? 0 : w->names[row->middle].letters;
    return sum + (row->last < 0 ? 0 : w->names[row->last].letters);
}

/* Whether two rows have the same names in another order, in other boxes, or otherwise joined. */
static inline int rearranged(const Words *w, const Row *c, const Row *r) {
    if (c->whole != r->whole || c->whole < 0 || (c->first == r->first && c->last == r->last)) return 0;
    return letters_of(w, c) == letters_of(w, r);
}

/* Whether the letters that a row has more are a name of its own among others: a first or middle name, or a part of a name. */
static inline int has_more(const Words *w, const Row *row, uint64_t more) {
    const Text *first = &w->names[row->first], *last = &w->names[row->last];
    if (row->middle >= 0 && (first->letters == more || w->names[row->middle].letters == more)) return 1;
    return (first->head != row->first && (w->names[first->head].letters == more || w->names[first->tail].letters == more)) ||
           (last->head != row->last && (w->names[last->head].letters == more || w->names[last->tail].letters == more));
}

/* Whether two rows have the same names, however arranged and joined, but for one more on a side ("Kyusang" Kim, "Grace Kyu Sang" Kim). */
static inline int one_more(const Words *w, const Row *c, const Row *r) {
    if (c->first < 0 || r->first < 0 || c->last < 0 || r->last < 0 || c->first == r->first) return 0;
    uint64_t more = letters_of(w, c) - letters_of(w, r);
    return more && (has_more(w, c, more) || has_more(w, r, 0 - more));
}

static inline int begins_or_ends(const Words *w, int32_t name, int32_t part) {
    return w->names[name].head == part || w->names[name].tail == part;
}

/* Whether each row's last name is the other's first name, or a part of it ("Hoang Thi" Mai, Mai Hoang), or stands elsewhere among its names. */
static inline int swapped(const Words *w, const Row *c, const Row *r) {
    int32_t x = c->last, y = r->last;
    if (x < 0 || y < 0 || x == y || c->first < 0 || r->first < 0) return 0;
    return (begins_or_ends(w, r->first, x) && begins_or_ends(w, c->first, y)) || one_more(w, c, r);
}

/* Whether one of two names is the other's initial. */
static inline int shortened(const Words *w, int32_t x, int32_t y) {
    const Text *u = &w->names[x], *v = &w->names[y];
    return (u->single != v->single) && u->initial == v->initial;
}

/* Whether first and last name stand in each other's boxes, one of them as an initial ("K" Balaji, Balaji Krishnamurthy). */
static inline int turned_initial(const Words *w, const Row *c, const Row *r) {
    int32_t x = c->first, y = c->last, u = r->first, v = r->last;
    if (x < 0 || y < 0 || u < 0 || v < 0) return 0;
    return (y == u && !w->names[u].single && shortened(w, x, v)) || (x == v && !w->names[v].single && shortened(w, y, u));
}

/* Whether two names sound alike as a whole ("min jun", "minjoon"), or are known as spellings of one ("lee", "rhee"). */
static inline int alike(const Words *w, int32_t x, int32_t y) {
    if (x < 0 || y < 0) return 0;
    const Text *u = &w->names[x], *v = &w->names[y];
    return u->voice == v->voice || paired(w, u, v, SPELLINGS);
}

/* Whether first and last name sound like the other's last and first name. */
static inline int across(const Words *w, const Row *c, const Row *r) {
    return alike(w, c->last, r->first) && alike(w, c->first, r->last);
}

/* Whether given names sound alike; one of them may be the middle name where the other row has none. */
static inline int first_alike(const Words *w, const Row *c, const Row *r) {
    return w->names[c->first].voice == w->names[r->first].voice || (r->middle < 0 && alike(w, c->middle, r->first)) ||
           (c->middle < 0 && alike(w, c->first, r->middle)) || across(w, c, r);
}

static inline int last_alike(const Words *w, const Row *c, const Row *r) {
    return w->names[c->last].sound == w->names[r->last].sound || alike(w, c->last, r->last) || across(w, c, r);
}

static inline int woman(const Row *c, const Row *r) {
    return (c->sex == 2 || r->sex == 2) && c->sex != 1 && r->sex != 1;
}
#endif
