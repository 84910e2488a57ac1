/* All fields of a pair as one number: the same levels as `levels.py`.
 *
 * Similar texts are known by their letters here, and by rapidfuzz where these allow it. So pairs are gone through twice: at
 * first what must be asked is written down and the pairs that ask are remembered; with the answers
 * in the same order these are compared once more.
 */
#include "rows.h"

typedef struct {
    float least, similar, close, near_street; /* a similarity's bound, and levels */
    int64_t sizes[FIELDS];
} How;

typedef struct {
    int64_t *keys;        /* the lower code, then the higher one; 2^62 is added for streets */
    const float *answers; /* NULL: ask */
    int64_t count;
} Asked;

static float similarity(const Text *texts, int32_t x, int32_t y, int64_t kind, const How *how, Asked *asked) {
    if (most_alike(&texts[x], &texts[y]) < how->least) return 0;
    int64_t at = asked->count++;
    if (asked->answers) return asked->answers[at];
    asked->keys[at] = kind << 62 | (int64_t)(x < y ? x : y) << 31 | (x < y ? y : x);
    return 0;
}

static int last_level(const Words *w, const Row *c, const Row *r, const How *how, Asked *asked) {
    int32_t x = c->last, y = r->last;
    if (x < 0 || y < 0) return 0;
    if (x == y) return 1;
    if (shortened(w, x, y)) return 0;
    const Text *u = &w->names[x], *v = &w->names[y];
    if (part_of(u, v, c, r)) return LAST_PART;
    float alike = similarity(w->names, x, y, 0, how, asked);
    if (alike >= how->close) return LAST_CLOSE;
    if (alike >= how->similar || last_alike(w, c, r)) return LAST_SIMILAR;
    return woman(c, r) ? LAST_DIFFERENT_FEMALE : LAST_DIFFERENT;
}

static int first_level(const Words *w, const Row *c, const Row *r, const How *how, Asked *asked) {
    int32_t x = c->first, y = r->first;
    if (x < 0 || y < 0) return 0;
    if (x == y) return 1;
    const Text *u = &w->names[x], *v = &w->names[y];
    if (u->single || v->single) return u->initial == v->initial ? INITIAL : FIRST_DIFFERENT;
    if (paired(w, u, v, NICKNAMES)) return NICKNAME;
    if (share_part(u, v) || ends_with(w, x, y) || crossed(w, c, r) || one_more(w, c, r)) return FIRST_PART;
    float alike = similarity(w->names, x, y, 0, how, asked);
    if (alike >= how->close) return FIRST_CLOSE;
    return alike >= how->similar || first_alike(w, c, r) ? FIRST_SIMILAR : FIRST_DIFFERENT;
}

static int middle_level(const Words *w, const Row *c, const Row *r, const How *how, Asked *asked) {
    int32_t x = c->middle, y = r->middle;
    if (x < 0 || y < 0) return 0;
    if (x == y) return 1;
    const Text *u = &w->names[x], *v = &w->names[y];
    if ((u->single || v->single) && u->initial == v->initial) return 2;
    if (u->head == v->head || paired(w, u, v, NICKNAMES)) return 3;
    return similarity(w->names, x, y, 0, how, asked) >= how->close ? 3 : 4;
}

static int sex_level(const Row *c, const Row *r, int first) {
    if (c->sex <= 0 || r->sex <= 0) return 0;
    return (c->sex == r->sex ? 1 : 2) + (first == 1 || first == NICKNAME ? 0 : 2);
}

static int suffix_level(const Row *c, const Row *r) {
    if (c->suffix > 0 && r->suffix > 0) return c->suffix == r->suffix ? 1 : 3;
    return c->suffix > 0 || r->suffix > 0 ? 2 : 0;
}

enum { NEAR = 2, SAME_STREET, SAME_NUMBER, STREETS_DIFFER };

static int street_level(const Words *w, const Row *c, const Row *r, const How *how, Asked *asked) {
    if (c->street < 0 || r->street < 0) return 0;
    if (c->street == r->street) {
        if (c->house == r->house) return 1;
        return number_level(c->house, r->house, 10) == 2 ? NEAR : SAME_STREET;
    }
    if (c->house != r->house) return STREETS_DIFFER;
    if (similarity(w->streets, c->street, r->street, 1, how, asked) >= how->near_street) return NEAR;
    return c->house >= 0 ? SAME_NUMBER : STREETS_DIFFER;
}

static int place_level(const Row *c, const Row *r, int street) {
    int zips = c->zip >= 0 && r->zip >= 0, cities = c->city >= 0 && r->city >= 0;
    int counties = c->county >= 0 && r->county >= 0;
    if (!zips && !cities && !counties) return 0;
    int same = zips && c->zip == r->zip;
    int near = (cities && c->city == r->city) || number_level(c->zip, r->zip, 10) == 2;
    int with_street = same ? 1 : near ? 2 : 3;
    if (street == 1 || street == NEAR) return with_street;
    if (street == SAME_STREET) return with_street + 3;
    if (same || near) return same ? 7 : 8;
    return (counties && c->county == r->county) || (zips && c->zip / 100 == r->zip / 100) ? 9 : 10;
}

static int32_t pattern(const Words *w, const Row *c, const Row *r, const How *how, Asked *asked) {
    int level[FIELDS], whole = rearranged(w, c, r), turned = whole || swapped(w, c, r);
    const int part = !turned && turned_initial(w, c, r);
    level[LAST] = turned || part ? 0 : last_level(w, c, r, how, asked); /* swapped names are weighed once */
    level[FIRST] = turned ? SWAPPED : part ? FIRST_PART : first_level(w, c, r, how, asked);
    level[SEX] = sex_level(c, r, level[FIRST]);
    int counted = whole || ((turned || level[FIRST] == FIRST_PART) && (crossed(w, c, r) || one_more(w, c, r)));
    level[MIDDLE] = counted ? 0 : middle_level(w, c, r, how, asked);
    level[SUFFIX] = suffix_level(c, r);
    level[BIRTH] = birth_level(c->date, r->date);
    level[SSN] = ssn_level(c, r);
    level[LICENCE] = number_level(c->licence, r->licence, 36);
    level[PHONE] = number_level(c->phone, r->phone, 10);
    level[STREET] = street_level(w, c, r, how, asked);
    level[PLACE] = place_level(c, r, level[STREET]);
    int32_t made = 0;
    for (int f = 0; f < FIELDS; f++) made = made * (int32_t)how->sizes[f] + level[f];
    return made;
}

enum { AHEAD = 12, NAMES_AHEAD = 6 }; /* pairs whose rows are asked for, and whose names, once their rows are here */

/* The patterns of all pairs; returns how many ask. `keys` has room for four a pair, and `asking` for all pairs. */
int64_t patterns(const Words *words, const Row *cohort, const Row *records, const int32_t *a, const int32_t *b,
                 int64_t size, const How *how, int32_t *out, int64_t *keys, int64_t *key_count, int32_t *asking) {
    Asked asked = {keys, NULL, 0};
    int64_t open = 0;
    for (int64_t i = 0; i < size; i++) {
        int64_t before = asked.count;
        if (i + AHEAD < size) {
            __builtin_prefetch(&cohort[a[i + AHEAD]]);
            __builtin_prefetch(&records[b[i + AHEAD]]);
        }
        if (i + NAMES_AHEAD < size) {
            ask_names(words, &cohort[a[i + NAMES_AHEAD]]);
            ask_names(words, &records[b[i + NAMES_AHEAD]]);
        }
        out[i] = pattern(words, &cohort[a[i]], &records[b[i]], how, &asked);
        if (asked.count > before) asking[open++] = (int32_t)i;
    }
    *key_count = asked.count;
    return open;
}

/* The patterns of the pairs that asked, with what they asked for. */
void answered(const Words *words, const Row *cohort, const Row *records, const int32_t *a, const int32_t *b,
              const int32_t *asking, int64_t size, const How *how, int32_t *out, const float *answers) {
    Asked asked = {NULL, answers, 0};
    for (int64_t k = 0; k < size; k++) {
        int64_t i = asking[k];
        out[i] = pattern(words, &cohort[a[i]], &records[b[i]], how, &asked);
    }
}
