/* The prefilter of pairs: `pair_filter.py` says what it adds up and why nothing is lost by it. Same steps, same
 * order and same precision; of the names only the letters are looked at, in a second step: what is known of a name is
 * asked for by then.
 */
#include "rows.h"

enum { STEPS = 8, RULE_BITS = 6, RECORD_BITS = 29 }; /* as in pair_filter.py and candidates.py */

typedef struct {
    const Words *words;
    float similar, close; /* similarities from which names are so, less the slack of their bound */
    const float *frequency[FIELDS]; /* by record row; NULL: the field has none */
    const uint8_t *near_zip;        /* which differences of two ZIP codes may be one digit */
    int64_t near_zips;
    float weight[FIELDS][LEVELS];
    float base, floors[STEPS], last_floor;
    float other_first, other_last, street_same, street_near, street_on, street_different;
    float middle[3], sex[3], suffix[3]; /* equal, other, missing on a side */
    int64_t always;                 /* rules whose pairs are kept, as bits */
} Prefilter;

static inline float larger(float a, float b) { return a > b ? a : b; }

static inline float weighed(const Prefilter *g, int field, int level, int64_t b) {
    float weight = g->weight[field][level];
    if (level == 1 && g->frequency[field]) weight += -g->frequency[field][b];
    return weight;
}

static float numbers(const Prefilter *g, const Row *c, const Row *r, int64_t b) {
    float sum = 0;
    if (c->ssn4 >= 0 && r->ssn4 >= 0) sum += weighed(g, SSN, ssn_level(c, r), b);
    if (c->licence >= 0 && r->licence >= 0)
        sum += weighed(g, LICENCE, number_level(c->licence, r->licence, 36), b);
    if (c->phone >= 0 && r->phone >= 0)
        sum += weighed(g, PHONE, number_level(c->phone, r->phone, 10), b);
    return sum;
}

static inline float name_bound(const Prefilter *g, int field, int32_t x, int32_t y, int64_t b, float other) {
    if (x < 0 || y < 0) return 0;
    return x == y ? weighed(g, field, 1, b) : other;
}

static inline float plain(const float *weights, int32_t x, int32_t y, int32_t missing) {
    if (x <= missing || y <= missing) return weights[2];
    return x == y ? weights[0] : weights[1];
}

static float place(const Prefilter *g, const Row *c, const Row *r, int agrees) {
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

static float address(const Prefilter *g, const Row *c, const Row *r, int64_t b) {
    int32_t x = c->street, y = r->street;
    int number = c->house == r->house, name = x == y, present = x >= 0 && y >= 0;
    float street = 0;
    if (present) {
        street = name ? (number ? g->street_same : g->street_on) : number ? g->street_near : g->street_different;
        if (name && number && g->frequency[STREET]) street += -g->frequency[STREET][b];
    }
    return street + place(g, c, r, present && (name || number));
}

static float first_most(const Prefilter *g, const Row *c, const Row *r, int64_t b) {
    const float *w = g->weight[FIRST];
    int32_t x = c->first, y = r->first;
    if (x < 0 || y < 0) return 0;
    if (x == y) return weighed(g, FIRST, 1, b);
    const Text *u = &g->words->names[x], *v = &g->words->names[y];
    if (u->single || v->single) return w[u->initial == v->initial ? INITIAL : FIRST_DIFFERENT];
    if (paired(g->words, u, v, NICKNAMES)) return w[NICKNAME];
    if (share_part(u, v) || ends_with(g->words, x, y) || crossed(g->words, c, r) || one_more(g->words, c, r)) return w[FIRST_PART];
    float alike = most_alike(u, v), best = w[first_alike(g->words, c, r) ? FIRST_SIMILAR : FIRST_DIFFERENT];
    if (alike >= g->similar) best = larger(best, w[FIRST_SIMILAR]);
    return alike >= g->close ? larger(best, w[FIRST_CLOSE]) : best;
}

static float last_most(const Prefilter *g, const Row *c, const Row *r, int64_t b) {
    const float *w = g->weight[LAST];
    int32_t x = c->last, y = r->last;
    if (x < 0 || y < 0) return 0;
    if (x == y) return weighed(g, LAST, 1, b);
    if (shortened(g->words, x, y)) return 0;
    const Text *u = &g->words->names[x], *v = &g->words->names[y];
    if (part_of(u, v, c, r)) return w[LAST_PART];
    float alike = most_alike(u, v), best = w[woman(c, r) ? LAST_DIFFERENT_FEMALE : LAST_DIFFERENT];
    if (last_alike(g->words, c, r)) best = w[LAST_SIMILAR];
    if (alike >= g->similar) best = larger(best, w[LAST_SIMILAR]);
    return alike >= g->close ? larger(best, w[LAST_CLOSE]) : best;
}

/* What the steps found of a pair: the bound, and how much of it the two names have. */
typedef struct {
    float bound, first, last;
} Seen;

/* Whether a pair may matter as far as its numbers and codes tell. */
static inline int worth(const Prefilter *g, const Row *c, const Row *r, int64_t b, Seen *seen) {
    float bound = g->base;
    const int whole = rearranged(g->words, c, r);
    bound += numbers(g, c, r, b);
    if (!(bound > g->floors[0])) return 0;
    bound += weighed(g, BIRTH, birth_level(c->date, r->date), b);
    if (!(bound > g->floors[1])) return 0;
    bound += seen->last = whole ? 0 : name_bound(g, LAST, c->last, r->last, b, g->other_last);
    if (!(bound > g->floors[2])) return 0;
    bound += seen->first = whole ? g->weight[FIRST][SWAPPED] : name_bound(g, FIRST, c->first, r->first, b, g->other_first);
    if (!(bound > g->floors[3])) return 0;
    bound += address(g, c, r, b);
    if (!(bound > g->floors[4])) return 0;
    bound += whole ? 0 : plain(g->middle, c->middle, r->middle, -1);
    if (!(bound > g->floors[5])) return 0;
    bound += plain(g->sex, c->sex, r->sex, 0);
    if (!(bound > g->floors[6])) return 0;
    bound += plain(g->suffix, c->suffix, r->suffix, 0);
    seen->bound = bound;
    return bound > g->floors[7];
}

/* ... and whether it still may once the letters of its names are looked at. */
static inline int worth_by_names(const Prefilter *g, const Row *c, const Row *r, int64_t b, const Seen *seen) {
    if (rearranged(g->words, c, r)) return seen->bound > g->last_floor;
    if (swapped(g->words, c, r))
        return seen->bound + (g->weight[FIRST][SWAPPED] - seen->first) + (0 - seen->last) > g->last_floor;
    if (turned_initial(g->words, c, r))
        return seen->bound + (g->weight[FIRST][FIRST_PART] - seen->first) + (0 - seen->last) > g->last_floor;
    float bound = seen->bound + (first_most(g, c, r, b) - seen->first);
    if (!(bound > g->last_floor)) return 0; /* a last name never has more than its step */
    return bound + (last_most(g, c, r, b) - seen->last) > g->last_floor;
}
