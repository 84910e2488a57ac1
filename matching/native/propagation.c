/* Belief propagation on a bipartite graph: the same sums in the same order as `assignment.py`, which says what they mean. */
#include <math.h>
#include <stdint.h>

typedef struct {
    double *most, *without; /* by group */
    int32_t *largest;
    double *value, *fresh_row, *fresh_identity; /* by edge */
    int32_t *here;
    uint8_t *moves; /* by part of the graph */
} Room;

/* Of each edge that is here the values of its group without its own, into `out`: 1 / (1 + their sum). The largest of a group is
 * added up without, since it alone can lose the rest in rounding. */
static void freedom(const int32_t *group, const Room *r, int64_t count, double *out) {
    for (int64_t k = 0; k < count; k++) r->most[group[r->here[k]]] = r->without[group[r->here[k]]] = 0;
    for (int64_t k = 0; k < count; k++) {
        int32_t g = group[r->here[k]];
        if (r->value[k] >= r->most[g]) r->most[g] = r->value[k], r->largest[g] = r->here[k]; /* the last of equal ones */
    }
    for (int64_t k = 0; k < count; k++) {
        int32_t e = r->here[k], g = group[e];
        if (r->largest[g] != e) r->without[g] += r->value[k];
    }
    for (int64_t k = 0; k < count; k++) {
        int32_t e = r->here[k], g = group[e];
        double others = r->largest[g] == e ? r->without[g] : r->without[g] - r->value[k] + r->most[g];
        out[k] = 1 / (1 + others);
    }
}

/* How free row and identity are for each edge (`free_row`, `free_identity` come as ones), the others considered. */
void propagate_beliefs(const int32_t *row, const int32_t *identity, const int32_t *part, const double *odds, int64_t size, int64_t parts,
            int64_t both, int64_t rounds, double least, double worth, double *free_row, double *free_identity, const Room *r) {
    int64_t count = size;
    for (int64_t i = 0; i < size; i++) r->here[i] = (int32_t)i;
    for (int64_t round = 0; round < rounds && count; round++) {
        for (int64_t k = 0; k < count; k++) r->value[k] = odds[r->here[k]] * free_identity[r->here[k]];
        freedom(row, r, count, r->fresh_row);
        if (both) {
            for (int64_t k = 0; k < count; k++) r->value[k] = odds[r->here[k]] * r->fresh_row[k];
            freedom(identity, r, count, r->fresh_identity);
        }
        for (int64_t p = 0; p < parts; p++) r->moves[p] = 0;
        for (int64_t k = 0; k < count; k++) {
            int32_t e = r->here[k];
            double change = fabs(r->fresh_row[k] - free_row[e]);
            free_row[e] = r->fresh_row[k];
            if (both) {
                double other = fabs(r->fresh_identity[k] - free_identity[e]);
                free_identity[e] = r->fresh_identity[k];
                change = other > change ? other : change;
            }
            if (change >= least) r->moves[part[e]] = 1;
        }
        int64_t left = 0;
        for (int64_t k = 0; k < count; k++) left += r->moves[part[r->here[k]]];
        if (!left) return;
        if ((double)left >= worth * (double)count) continue;
        for (int64_t k = 0, to = 0; k < count; k++)
            if (r->moves[part[r->here[k]]]) r->here[to++] = r->here[k];
        count = left;
    }
}
