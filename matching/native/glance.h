/* The glance at a pair: `screening.py` says what it adds up and why nothing is lost by it. Same steps, same
 * order and same precision; of the names only the letters are looked at.
 */
#include <stdint.h>
#include <stdlib.h>

enum { FIRST, LAST, SEX, MIDDLE, SUFFIX, BIRTH, SSN, LICENCE, PHONE, STREET, PLACE, FIELDS };
enum { LEVELS = 16, LOOKS = 8, RULE_BITS = 6, RECORD_BITS = 29 }; /* as in fields.py and blocking.py */
/* levels by their place in fields.py */
enum { NICKNAME = 2, INITIAL, FIRST_CLOSE, FIRST_SIMILAR, FIRST_PART, SWAPPED, FIRST_DIFFERENT };
enum { LAST_PART = 2, LAST_CLOSE, LAST_SIMILAR, LAST_DIFFERENT, LAST_DIFFERENT_FEMALE };
enum { TURNED = 2, ONE_DIGIT, DEFAULT_DAY, TWO_PARTS, NEAR_YEAR, DATES_DIFFER };

typedef struct {
    int64_t licence, phone;
    int32_t first, last, middle, street, city, zip, county, house, ssn;
    uint32_t date; /* a digit in four bits */
    int16_t ssn4;
    int8_t sex, suffix;
} Row;

typedef struct {
    uint64_t once, twice; /* letters */
    int32_t head, tail, sound, initial;
    uint32_t begin;
    float length;
    uint8_t surplus, single;
} Name;

typedef struct {
    const Name *names; /* by code */
    const int64_t *nicknames; /* sorted pairs of codes */
    int64_t nickname_count;
    float similar, close; /* similarities from which names are so, less the slack of their bound */
    const float *frequency[FIELDS]; /* by record row; NULL: the field has none */
    const uint8_t *near_zip;        /* which differences of two ZIP codes may be one digit */
    int64_t near_zips;
    float weight[FIELDS][LEVELS];
    float base, floors[LOOKS], last_floor;
    float other_first, other_last, street_same, street_near, street_on, street_different;
    float middle[3], sex[3], suffix[3]; /* equal, other, missing on a side */
} Glance;

static inline float larger(float a, float b) { return a > b ? a : b; }

static inline float weighed(const Glance *g, int field, int level, int64_t b) {
    float weight = g->weight[field][level];
    if (level == 1 && g->frequency[field]) weight += -g->frequency[field][b];
    return weight;
}

static inline __attribute__((always_inline)) int one_off(int64_t x, int64_t y, int64_t base) {
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

static float numbers(const Glance *g, const Row *c, const Row *r, int64_t b) {
    float sum = 0;
    if (c->ssn4 >= 0 && r->ssn4 >= 0) {
        int32_t x = c->ssn, y = r->ssn;
        int level = x < 0 || y < 0 ? (c->ssn4 == r->ssn4 ? 3 : 4) : number_level(x, y, 10);
        sum += weighed(g, SSN, level == 3 && x >= 0 && y >= 0 ? 4 : level, b);
    }
    if (c->licence >= 0 && r->licence >= 0)
        sum += weighed(g, LICENCE, number_level(c->licence, r->licence, 36), b);
    if (c->phone >= 0 && r->phone >= 0)
        sum += weighed(g, PHONE, number_level(c->phone, r->phone, 10), b);
    return sum;
}

static inline int year_of(uint32_t date) {
    uint32_t y = date >> 16;
    return (int)((y >> 12) * 1000 + (y >> 8 & 15) * 100 + (y >> 4 & 15) * 10 + (y & 15));
}

static inline int vague(uint32_t date) { return (date & 0xFFFF) == 0x0101 || !(date & 0xFF); }

static int birth_level(uint32_t u, uint32_t v) {
    if (u == v && (u & 0xFF)) return 1;
    if (!u || !v) return 0;
    uint32_t apart = u ^ v;
    int year = !(apart >> 16), month = !(apart & 0xFF00), day = !(apart & 0xFF);
    if (year && u == ((v & 0xFFFF0000u) | (v & 0xFF) << 8 | (v >> 8 & 0xFF))) return TURNED;
    int places = 0;
    for (int at = 0; at < 32; at += 4) places += (apart >> at & 15) != 0;
    if (places == 1) return ONE_DIGIT;
    if (places == 2)
        for (int at = 0; at < 28; at += 4) {
            uint32_t p = u >> at & 15, q = u >> (at + 4) & 15;
            if (p != (v >> at & 15) && q == (v >> at & 15) && p == (v >> (at + 4) & 15)) return ONE_DIGIT;
        }
    if (year && (vague(u) || vague(v))) return DEFAULT_DAY;
    if (year + month + day >= 2) return TWO_PARTS;
    return abs(year_of(u) - year_of(v)) <= 1 ? NEAR_YEAR : DATES_DIFFER;
}

static inline float name_look(const Glance *g, int field, int32_t x, int32_t y, int64_t b, float other) {
    if (x < 0 || y < 0) return 0;
    return x == y ? weighed(g, field, 1, b) : other;
}

static inline float plain(const float *weights, int32_t x, int32_t y, int32_t missing) {
    if (x <= missing || y <= missing) return weights[2];
    return x == y ? weights[0] : weights[1];
}

static float place(const Glance *g, const Row *c, const Row *r, int agrees) {
    const float *w = g->weight[PLACE];
    int32_t x = c->zip, y = r->zip, city = c->city, county = c->county;
    int32_t here = r->city, there = r->county;
    int zips = x >= 0 && y >= 0;
    if (!(zips || (city >= 0 && here >= 0) || (county >= 0 && there >= 0))) return 0;
    int same = zips && x == y, level = 3;
    if (same) level = 0;
    else if (city >= 0 && city == here) level = 1;
    else if ((county >= 0 && county == there) || (zips && x / 100 == y / 100)) level = 2;
    int street = level == 3 ? 2 : level;
    float best = w[7 + level];
    if (agrees) best = larger(larger(w[1 + street], w[4 + street]), best);
    if (zips && !same) {
        int64_t gap = llabs((long long)x - y);
        if (g->near_zip[gap < g->near_zips ? gap : g->near_zips - 1])
            best = larger(best, larger(w[8], larger(w[2], w[5])));
    }
    return best;
}

static float address(const Glance *g, const Row *c, const Row *r, int64_t b) {
    int32_t x = c->street, y = r->street;
    int number = c->house == r->house, name = x == y, present = x >= 0 && y >= 0;
    float street = 0;
    if (present) {
        street = name ? (number ? g->street_same : g->street_on) : number ? g->street_near : g->street_different;
        if (name && number && g->frequency[STREET]) street += -g->frequency[STREET][b];
    }
    return street + place(g, c, r, present && (name || number));
}

/* A similarity that Jaro-Winkler never exceeds (strings.py says why). */
static float most_alike(const Name *x, const Name *y) {
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

static int nickname(const Glance *n, int64_t x, int64_t y) {
    int64_t key = x < y ? x << 32 | y : y << 32 | x, low = 0, high = n->nickname_count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (n->nicknames[middle] < key) low = middle + 1;
        else high = middle;
    }
    return low < n->nickname_count && n->nicknames[low] == key;
}

static float first_most(const Glance *g, const Row *c, const Row *r, int64_t b) {
    const float *w = g->weight[FIRST];
    int32_t x = c->first, y = r->first;
    if (x < 0 || y < 0) return 0;
    if (x == y) return weighed(g, FIRST, 1, b);
    const Name *u = &g->names[x], *v = &g->names[y];
    if (u->single || v->single) return w[u->initial == v->initial ? INITIAL : FIRST_DIFFERENT];
    if (nickname(g, u->head, v->head)) return w[NICKNAME];
    if (u->head == v->head || x == r->middle || y == c->middle) return w[FIRST_PART];
    float alike = most_alike(u, v), best = w[u->sound == v->sound ? FIRST_SIMILAR : FIRST_DIFFERENT];
    if (alike >= g->similar) best = larger(best, w[FIRST_SIMILAR]);
    return alike >= g->close ? larger(best, w[FIRST_CLOSE]) : best;
}

static float last_most(const Glance *g, const Row *c, const Row *r, int64_t b) {
    const float *w = g->weight[LAST];
    int32_t x = c->last, y = r->last;
    if (x < 0 || y < 0) return 0;
    if (x == y) return weighed(g, LAST, 1, b);
    const Name *u = &g->names[x], *v = &g->names[y];
    if (u->head == v->head || u->tail == v->tail || u->head == v->tail || u->tail == v->head) return w[LAST_PART];
    if (x == r->middle || y == c->middle) return w[LAST_PART];
    int woman = (c->sex == 2 || r->sex == 2) && c->sex != 1 && r->sex != 1;
    float alike = most_alike(u, v), best = w[woman ? LAST_DIFFERENT_FEMALE : LAST_DIFFERENT];
    if (u->sound == v->sound) best = w[LAST_SIMILAR];
    if (alike >= g->similar) best = larger(best, w[LAST_SIMILAR]);
    return alike >= g->close ? larger(best, w[LAST_CLOSE]) : best;
}

/* Whether a pair may matter, and the sum of its looks. */
static int worth(const Glance *g, const Row *c, const Row *r, int64_t b, float *sum) {
    float bound = g->base, first, last;
    bound += numbers(g, c, r, b);
    if (!(bound > g->floors[0])) return 0;
    bound += weighed(g, BIRTH, birth_level(c->date, r->date), b);
    if (!(bound > g->floors[1])) return 0;
    bound += last = name_look(g, LAST, c->last, r->last, b, g->other_last);
    if (!(bound > g->floors[2])) return 0;
    bound += first = name_look(g, FIRST, c->first, r->first, b, g->other_first);
    if (!(bound > g->floors[3])) return 0;
    bound += address(g, c, r, b);
    if (!(bound > g->floors[4])) return 0;
    bound += plain(g->middle, c->middle, r->middle, -1);
    if (!(bound > g->floors[5])) return 0;
    bound += plain(g->sex, c->sex, r->sex, 0);
    if (!(bound > g->floors[6])) return 0;
    bound += plain(g->suffix, c->suffix, r->suffix, 0);
    if (!(bound > g->floors[7])) return 0;
    *sum = bound;
    int32_t x = c->last, y = r->last;
    if (x >= 0 && y >= 0 && x != y && x == r->first && y == c->first)
        return bound + (g->weight[FIRST][SWAPPED] - first) + (0 - last) > g->last_floor;
    return bound + (first_most(g, c, r, b) - first) + (last_most(g, c, r, b) - last) > g->last_floor;
}
