"""Fit the shipped prior of the linkage on made-up registers and print it as ``matching/prior.toml``.

    python benchmarks/prior.py > matching/prior.toml

m is counted on the true pairs of five made-up registers (little, ordinary and heavy noise; eight communities as in
California, four others; families in all of them; each worth the same), u on their random pairs, the sizes of the rival classes by training on their candidates, and
the prior's worth from how much they differ. Four numbers are assumptions, not fitted, and are
said so in the file: the share of a cohort that is on record, how often people change a number that
the generator lets them keep, how often a number is somebody else's, and how alike the first names of twins are. The registers of the accuracy benchmark
(`benchmarks/accuracy.py`) have other seeds, and some come from other generators.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1]))

from matching.comparison.fields import FIELDS, NAMES, shipped_prior
from matching.comparison.levels import Comparer
from matching.model import model as model_of
from matching.model.chance import fit_chance
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring.scoring import Scorer
from tests.communities import EIGHT, OTHERS, make_communities
from tests.two_tables import make_linkage

RECORDS, COHORT = 40_000, 6_000
SEEDS = {"low": 901, "medium": 902, "heavy": 903, "eight communities": 904, "four communities": 905}
SHARES = {"eight communities": EIGHT, "four communities": OTHERS}
SEEN = 50  # true pairs that show a field at all, from which a register says something of it
CHANGED = {
    "phone": 0.30,
    "driver_license": 0.04,
    "ssn": 0.01,
}  # of records: another number than the person's
SHARE, MIXUP = 0.30, 0.002
# Relatives' pairs per match. Training finds fewer in these registers (printed beside), but a small cohort
# can't learn them, and taking a relative for the person is the worse error: so they are set high.
RELATIVES = {"household": 0.30, "twin": 0.03, "generation": 0.02}
HIT = 0.5  # pseudo-count of a level that no true pair showed (Jeffreys)


def tables(noise: str) -> tuple[pa.Table, pa.Table, pa.Table]:
    """A cohort, records in which some numbers are another person's, and the true pairs."""
    if noise in SHARES:
        made = make_communities(
            SEEDS[noise], records=RECORDS, rows=COHORT, both=COHORT // 2, relatives=COHORT // 20, shares=SHARES[noise],
        )  # fmt: skip
        return made.cohort, made.records, made.truth
    cohort, records, truth = make_linkage(RECORDS, COHORT, SEEDS[noise], noise=noise)
    rng = np.random.default_rng(SEEDS[noise])
    for name, share in CHANGED.items():
        values = np.array(records[name].to_pylist(), dtype=object)
        present = np.flatnonzero(np.array([v is not None for v in values]))
        moved = present[rng.random(len(present)) < share]
        values[moved] = values[rng.permutation(moved)]
        place = records.column_names.index(name)
        records = records.set_column(place, name, pa.array(values, pa.string()))
    return cohort, records, truth


def counted(noise: str) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Both distributions of each field (m, u), and the classes' sizes per match, on one register."""
    cohort, records, truth = tables(noise)
    encoded = encode(cohort, records)
    rows = {c: i for i, c in enumerate(cohort["cohort_id"].to_pylist())}
    place = {r: i for i, r in enumerate(records["record_id"].to_pylist())}
    a = np.array([rows[c] for c in truth["cohort_id"].to_pylist()], np.int32)
    b = np.array([place[r] for r in truth["record_id"].to_pylist()], np.int32)
    comparer = Comparer(encoded)
    seen = [
        np.bincount(level, minlength=len(field.levels))
        for field, level in zip(FIELDS, comparer.levels(a, b), strict=True)
    ]
    m = [
        normalised(n + HIT, field.groups) if n[1:].sum() >= SEEN else np.full(len(n), np.nan)
        for field, n in zip(FIELDS, seen, strict=True)
    ]
    prior = model_of.prior_model(COHORT, RECORDS)
    u = list(fit_chance(prior, encoded, comparer, SEEDS[noise]).u)
    scorer = Scorer(encoded, LinkOptions())
    scorer.run()
    return m, u, scorer.model.sizes / scorer.model.sizes[0]


def normalised(values: np.ndarray, groups: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Each group of levels as a distribution; level 0 is 1."""
    result = np.ones(len(values))
    for group in groups:
        g = list(group)
        result[g] = values[g] / values[g].sum()
    return result


def worth(fits: list[list[np.ndarray]]) -> float:
    """Pairs that the prior is worth: the Dirichlet precision that the registers' spread implies."""
    found = []
    for f in range(len(FIELDS)):
        same = np.array([fit[f][1] for fit in fits if fit[f][1] == fit[f][1]])
        mean, spread = same.mean(), same.var(ddof=1)
        if spread > 0:
            found.append(mean * (1 - mean) / spread - 1)
    return float(np.clip(np.median(found), 10, 500))


def numbers(values: np.ndarray) -> str:
    return "[" + ", ".join(f"{v:.3g}" for v in values[1:]) + "]"


def main() -> None:
    fits = [counted(noise) for noise in SEEDS]
    strength = worth([m for m, _, _ in fits])
    m = [np.nanmean([fit[0][f] for fit in fits], axis=0) for f in range(len(FIELDS))]
    u = [np.exp(np.mean([np.log(fit[1][f]) for fit in fits], axis=0)) for f in range(len(FIELDS))]
    u = [normalised(x, field.groups) for x, field in zip(u, FIELDS, strict=True)]
    sizes = dict(zip(model_of.CLASSES, np.median([s for _, _, s in fits], axis=0), strict=True))
    # of relatives' own fields (suffix, middle name)
    own = {
        name: dict(shipped_prior()[name])
        for name in ("generation", "household", "twin", "heirs", "exact")
    }
    print(
        "# The shipped prior: what the weights start from, and what a small cohort is weighed with."
    )
    print("#")
    print(
        "# m: probability of a level for two rows of one person; u: for two rows of different persons taken at"
    )
    print(
        '# random; levels in the order of matching/comparison/fields.py, without "missing". Written by benchmarks/prior.py;'
    )
    print(
        f"# fitted on made-up registers of {RECORDS:,} records x {COHORT:,} rows, noise and seed:"
    )
    print(
        f"# {', '.join(f'{n} {s}' for n, s in SEEDS.items())}. No real person's data went in. Assumed, not fitted:"
    )
    print(
        f"# the share of rows on record, mix-ups, changed numbers ({', '.join(f'{k} {v:.0%}' for k, v in CHANGED.items())}),"
    )
    print(
        "# and how many relatives there are and what their suffixes, middle names, telephones and twins' first names look like. `strength` is the number of pairs that the"
    )
    print(
        "# prior is worth (how much the registers differ): with more pairs than that, the data decide."
    )
    print("version = 3")
    print(f"strength = {strength:.1f}\n")
    print(
        f"[matches]\nshare = {SHARE:.2f}           # expected share of cohort rows with a record (assumed)"
    )
    print("strength = 1.0         # in matches\n\n[m]")
    for name, values in zip(NAMES[:-1], m, strict=False):  # but for columns of the user's own
        print(f"{name} = {numbers(values)}")
    print("\n[u]")
    for name, values in zip(NAMES[:-1], u, strict=False):  # but for columns of the user's own
        print(f"{name} = {numbers(values)}")
    print(
        "\n# People who are easily taken for one another, as shares of the expected matches (in the whole"
    )
    print("# cross product) and how much that guess is worth, in pairs.\n[classes]")
    for name, what in (
        ("household", "spouse, parent, brother: one surname and address"),
        ("twin", "the same, and one birth date"),
        ("generation", "senior and junior: one name and address"),
    ):
        print(f"{name} = {RELATIVES[name]:.2f}  # {what} (training finds {sizes[name]:.3f})")
    print(
        f"mixup = {MIXUP}          # one person's number written on another's record (assumed)\nstrength = 5.0"
    )
    for section, fields in own.items():
        print(f"\n[{section}]")
        for name, values in fields.items():
            print(f"{name} = {values}")


if __name__ == "__main__":
    main()
