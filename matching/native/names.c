/* Names of ASCII letters made comparable, and the keys of their sounds: `normalise/names.py` says what is done, and does it for
 * all other names. Texts lie between offsets.
 */
#include <stdint.h>
#include <string.h>

enum { WORDS = 32, LONGEST = 16, SPELT = 32, KEY = 5 }; /* words of a name; letters of a listed word, of a word that has a sound */

typedef struct {
    const uint64_t *words; /* sorted; sixteen bytes of each in two numbers */
    int64_t count;
} List;

typedef struct {
    List nothing, placeholders, between, endings, particles; /* "unknown"; "wife"; "of the"; "jr"; "de la" */
} Lists;

typedef struct {
    int32_t begin, length;
} Word;

/* The place of a word in a list; -1: it is not there. */
static int64_t place_in(const List *list, const uint8_t *word, int32_t length) {
    if (length > LONGEST) return -1;
    uint64_t key[2] = {0, 0};
    memcpy(key, word, (size_t)length);
    int64_t low = 0, high = list->count;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        const uint64_t *there = list->words + 2 * middle;
        if (there[0] < key[0] || (there[0] == key[0] && there[1] < key[1])) low = middle + 1;
        else high = middle;
    }
    return low < list->count && !memcmp(list->words + 2 * low, key, sizeof key) ? low : -1;
}

/* The words of a text in small letters, written without marks; -1: not ASCII, or more words than have room. */
static int words_of(const uint8_t *text, int32_t length, uint8_t *out, Word *words) {
    int count = 0, inside = 0;
    int32_t to = 0;
    for (int32_t i = 0; i < length; i++) {
        uint8_t c = text[i];
        if (c > 127) return -1;
        if (c == '\'' || c == '.' || c == '`') continue;
        if (c >= 'A' && c <= 'Z') c += 32;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            if (!inside && count == WORDS) return -1;
            if (!inside) words[count++] = (Word){to, 0};
            words[count - 1].length++;
            inside = 1;
            out[to++] = c;
        } else {
            inside = 0;
        }
    }
    return count;
}

static int in(const List *list, const uint8_t *text, Word word) { return place_in(list, text + word.begin, word.length) >= 0; }

/* Whether a name is placeholders and the words between them; one that is a `whole` text may be "unknown", too. */
static int says_nothing(const Lists *lists, const uint8_t *text, const Word *words, int count, int whole) {
    if (count == 1) return in(&lists->placeholders, text, words[0]) || (whole && in(&lists->nothing, text, words[0]));
    for (int i = 0; i < count; i++)
        if (!in(&lists->placeholders, text, words[i]) && !in(&lists->between, text, words[i])) return 0;
    return 1;
}

/* Words that stand side by side, parted by blanks but after particles; returns the length of all. */
static int32_t parted(const List *particles, uint8_t *text, const Word *words, int count) {
    uint8_t apart[WORDS] = {0};
    int32_t blanks = 0;
    for (int w = 1; w < count; w++) blanks += apart[w] = !in(particles, text, words[w - 1]);
    const int32_t length = words[count - 1].begin + words[count - 1].length + blanks;
    for (int w = count - 1; w > 0; w--) {
        memmove(text + words[w].begin + blanks, text + words[w].begin, (size_t)words[w].length);
        if (apart[w]) text[words[w].begin + --blanks] = ' ';
    }
    return length;
}

/* Comparable names (empty: says nothing), the last ending that each was written with (its place among the endings; -1: none), and
 * which are odd: empty here, and left to others. There are no particles where first names are asked for. */
void comparable(const int32_t *offsets, const uint8_t *bytes, int64_t size, const Lists *lists, int32_t *ends, uint8_t *out,
                int8_t *ending, uint8_t *odd) {
    int32_t to = 0;
    ends[0] = 0;
    for (int64_t i = 0; i < size; i++) {
        Word words[WORDS];
        uint8_t *text = out + to;
        int count = words_of(bytes + offsets[i], offsets[i + 1] - offsets[i], text, words), whole = 1;
        odd[i] = count < 0;
        ending[i] = -1;
        for (; count > 1; count--, whole = 0) {
            const int64_t found = place_in(&lists->endings, text + words[count - 1].begin, words[count - 1].length);
            if (found < 0) break;
            if (whole) ending[i] = (int8_t)found;
        }
        if (count > 0 && !says_nothing(lists, text, words, count, whole)) to += parted(&lists->particles, text, words, count);
        ends[i + 1] = to;
    }
}

/* What is replaced in a word before its letters are; in this order, each wherever it stands. */
static const struct {
    uint8_t old[4], new[3];
} SPELLINGS[] = {
    {"ph", "f"}, {"\ngh", "\nk"}, {"gh", "h"}, {"ck", "k"}, {"sch", "s"}, {"sh", "s"}, {"tch", "k"}, {"ch", "k"},
    {"zh", "k"}, {"cz", "s"}, {"kn", "n"}, {"wr", "r"}, {"dg", "j"}, {"tz", "s"}, {"ts", "s"}, {"hs", "s"}, {"qu", "k"},
    {"\nx", "\ns"}, {"x", "ks"}, {"ll", "l"},
};

/* A letter for each of a class, from "a" on; figures stand for themselves. */
static const uint8_t CLASS[] = "abkdafkaakklmmabkrsdafaxas";

static int32_t respelt(uint8_t *word, int32_t length) {
    uint8_t made[2 * SPELT];
    for (size_t k = 0; k < sizeof SPELLINGS / sizeof *SPELLINGS; k++) {
        const int32_t old = (int32_t)strlen((const char *)SPELLINGS[k].old), new = (int32_t)strlen((const char *)SPELLINGS[k].new);
        if (!memchr(word, SPELLINGS[k].old[0], (size_t)length)) continue;
        int32_t to = 0;
        for (int32_t i = 0; i < length;) {
            if (i + old <= length && !memcmp(word + i, SPELLINGS[k].old, (size_t)old)) {
                memcpy(made + to, SPELLINGS[k].new, (size_t)new);
                to += new, i += old;
            } else {
                made[to++] = word[i++];
            }
        }
        memcpy(word, made, (size_t)to);
        length = to;
    }
    return length;
}

/* The sound of each text's first word as the bytes of a number (-1: odd, left to others). */
void sounds(const int32_t *offsets, const uint8_t *bytes, int64_t size, int64_t *keys) {
    for (int64_t i = 0; i < size; i++) {
        uint8_t word[2 * SPELT] = "\n", last = 0;
        int32_t length = 1;
        int odd = 0;
        for (int32_t at = offsets[i]; at < offsets[i + 1] && bytes[at] != ' ' && !odd; at++) {
            odd = length > SPELT || !((bytes[at] >= 'a' && bytes[at] <= 'z') || (bytes[at] >= '0' && bytes[at] <= '9'));
            if (!odd) word[length++] = bytes[at];
        }
        int64_t key = 0, made = 0;
        length = odd ? 0 : respelt(word, length);
        for (int32_t at = 1; at < length && made < KEY; at++) {
            const uint8_t code = word[at] >= 'a' ? CLASS[word[at] - 'a'] : word[at];
            if (code != last && (code != 'a' || !made)) key |= (int64_t)code << 8 * made++;
            last = code;
        }
        keys[i] = odd ? -1 : key;
    }
}
