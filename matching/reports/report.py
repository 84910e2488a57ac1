"""What a linkage did, in numbers: the engineer's ``LINKS.json``. Counts and weights, never values."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from importlib import resources
from importlib.metadata import version

import numpy as np
import pyarrow as pa

from matching import arrays, blocking, comparison, findings, normalise
from matching.arrow import Floats, Ints, Rows, Small
from matching.assignment import LINK, NOTHING, REVIEW, Assignment, Edges, Links
from matching.labels import DIFFERENT, SAME, UNSURE
from matching.model import CLASSES, Model, shipped_number
from matching.scoring import BudgetCost, Scored, Scorer
from systems.figures import percent

# of the log odds: with heavy noise, what was 0.975 came true in 0.944 and 0.996 in 0.983
_FLAT = 0.7
_MODEL_ERROR = 0.5  # of an expected rate: how far the probabilities themselves may be off
# Of links, where no birth date tells a son from his father: where families were drawn into the cohort, .06 were (`docs/decisions/024`).
_NAMESAKES = 0.08


@dataclass(frozen=True)
class Rate:
    """An expected rate with an interval (95 %, from the model's own probabilities), and of how many it is one."""

    expected: float
    low: float
    high: float
    of: float = 0.0

    def in_words(self) -> str:
        """``1.2 % (0.8 % to 1.9 %)``."""
        return f"{percent(self.expected)} ({percent(self.low)} to {percent(self.high)})"


@dataclass(frozen=True)
class LinkReport:
    """Everything about a linkage that holds no personal value."""

    cohort_rows: int
    record_rows: int
    records: int
    identities: int
    columns: tuple[str, ...]
    rules: tuple[dict[str, object], ...]
    pairs: int
    patterns: int
    parameters: dict[str, object]
    classes: dict[str, float]
    prior: dict[str, object]
    labels: dict[str, int]
    links: int
    linked_rows: int
    linked_identities: int
    reviews: int
    review_rows: int
    false_match_rate: Rate
    missed_match_rate: Rate
    curve: tuple[dict[str, float], ...]
    histogram: tuple[dict[str, float], ...]
    groups: dict[str, tuple[dict[str, object], ...]]
    held_back: dict[str, int]  # guard → pairs that would be links without it
    budget: dict[str, float]
    unparsable: dict[str, dict[str, int]]
    nobodys: dict[str, dict[str, int]]
    warnings: tuple[findings.Finding, ...]
    options: dict[str, object]
    aliases: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    versions: dict[str, str] = field(default_factory=dict[str, str])


@cache
def _version(name: str) -> str:
    return version(name)  # reads the library's metadata


def _model_parameters(model: Model, exact: Sequence[str]) -> dict[str, object]:
    """m, u and the weight in bits of every level of every field; the user's own columns under their names."""
    result: dict[str, object] = {}
    weights = model.weights()
    for f, fld in enumerate(comparison.FIELDS):
        if fld.name == "exact" and not exact:
            continue
        result[f"exact: {', '.join(exact)}" if fld.name == "exact" else fld.name] = [
            {
                "level": fld.levels[k],
                "m": float(f"{model.m[f][k]:.4g}"),
                "u": float(f"{model.u[f][k]:.4g}"),
                "weight": round(float(weights[f][k]), 2),
            }
            for k in range(1, len(fld.levels))
        ]
    return result


def _rules_json(
    counts: Sequence[blocking.RuleCount], scored: Scored, edges: Edges, decision: Small
) -> tuple[dict[str, object], ...]:
    """The rules with what each made and cut, the links (row, identity) that it caught, and those it alone caught."""
    linked = decision == LINK
    pairs = np.flatnonzero(linked[edges.place])
    caught = np.zeros(int(np.count_nonzero(linked)), np.int64)
    which = np.cumsum(linked, dtype=np.int32)
    np.bitwise_or.at(caught, which[edges.place[pairs]] - 1, scored.caught[pairs])
    return tuple(
        {
            **asdict(count),
            "links": int((caught >> i & 1).sum()),
            "links_alone": int((caught == 1 << i).sum()),
        }
        for i, count in enumerate(counts)
    )


def _flattened(probability: Floats) -> Floats:
    """Probabilities as they would be if the fields told less than they seem to, since they are not independent."""
    yes, no = probability**_FLAT, np.maximum(1 - probability, 0.0) ** _FLAT
    return yes / (yes + no)


def _expected_rate(
    expected: float, whole: float, spread: float, at_worst: float = 0.0, besides: float = 0.0
) -> Rate:
    """A rate from a sum of probabilities; ``spread`` is the sum of their variances.

    The interval adds to the binomial spread half of the expectation for the error of the
    probabilities themselves (`benchmarks/accuracy.py`: on data unlike the prior's, expectations were off by
    up to that), reaches what is expected ``at_worst`` and what may be false ``besides``, and never is narrower than what no event in ``whole`` trials allows
    ("rule of three").
    """
    if whole <= 0:
        return Rate(0.0, 0.0, 1.0)
    chance, error = 1.96 * (spread**0.5), _MODEL_ERROR * expected
    high = max(max(expected + error, at_worst) + besides + chance, 3.0)
    return Rate(
        round(expected / whole, 6),
        round(max(0.0, expected - error - chance) / whole, 6),
        round(min(1.0, high / whole), 6),
        round(whole, 3),
    )


def _threshold_curve(probability: Floats, unseen: float) -> tuple[dict[str, float], ...]:
    """Expected links, false and missed matches at a range of thresholds, to choose by."""
    total = float(probability.sum()) + unseen
    points: list[dict[str, float]] = []
    for threshold in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999):
        taken = probability[probability >= threshold]
        links, right = len(taken), float(taken.sum())
        points.append(
            {
                "threshold": threshold,
                "links": links,
                "false_match_rate": round((links - right) / links, 6) if links else 0.0,
                "missed_match_rate": round((total - right) / total, 6) if total > 0 else 0.0,
            }
        )
    return tuple(points)


# What the quality report adds: weights of pairs, rules alone, rates by group of people. A group is a value of a column that says
# so little that it may be named (sex, race, origin of the surname); groups of fewer than ten rows are put together.


GROUPED = ("sex", "race", "surname_origin")  # columns of the cohort, where it has them
_ARMENIAN = re.compile(r"\w{3,}[iy]an")
_LEAST = 10  # rows of a group that is shown by itself
_REST = "none, or of few rows"
_MOST, _LONGEST = 12, 40  # groups of a column, and letters of a name; beyond, it is no grouping
_LOW, _HIGH, _STEP = -10, 50, 2  # bits
_AT_ONCE = 1 << 20  # pairs whose weights are counted together


def _weight_histogram(edges: Edges, decision: Small) -> tuple[dict[str, float], ...]:
    """How many pairs of row and identity have each weight, by decision; the ends hold the rest."""
    bounds = np.arange(_LOW, _HIGH + 1, _STEP)
    names = {LINK: "link", REVIEW: "review", NOTHING: "none"}
    counts = {kind: np.zeros(len(bounds) - 1, np.int64) for kind in names}
    for begin in range(0, len(decision), _AT_ONCE):
        here = slice(begin, begin + _AT_ONCE)
        bits = edges.log_odds[here] / np.log(2.0)
        place = np.clip((bits - _LOW) // _STEP, 0, len(bounds) - 2).astype(np.int64)
        for kind in counts:
            counts[kind] += np.bincount(place[decision[here] == kind], minlength=len(bounds) - 1)
    return tuple(
        {"from": int(low), **{names[kind]: int(n[i]) for kind, n in counts.items()}}
        for i, low in enumerate(bounds[:-1])
    )


@cache
def _surname_groups() -> dict[str, str]:
    """Surnames that say where most of those who bear them come from, each with its group.

    For rates alone. The idea is that of Word and Perkins (Building a Spanish surname list for the 1990's, 1996) and of Lauderdale
    and Kestenbaum (Asian American ethnic identification by surname, 2000); the names are a short choice of ours, not their lists.
    Who bears none of them is in no group.
    """
    text = (resources.files("matching.reports") / "surname_groups.csv").read_text("utf-8")
    return {name: group for group, names in csv.reader(text.splitlines()) for name in names.split()}


def _group_of_surname(text: str) -> str:
    known = _surname_groups()
    for word in text.split():
        if word in known:
            return known[word]
    return "Armenian" if _ARMENIAN.fullmatch(text) else ""


def _surnames(encoded: normalise.Encoded) -> normalise.Dictionary:
    """The group of each cohort row's surname."""
    last, texts = encoded.cohort.last, encoded.names.texts
    used = np.flatnonzero(_rows_with(last, len(texts)))
    of = [_group_of_surname(texts[code]) for code in used.tolist()]
    groups = ["", *sorted({*of} - {""})]
    number = np.zeros(len(texts) + 1, np.int32)
    number[used] = [groups.index(group) for group in of]
    return normalise.Dictionary(number[last], groups)


def _rates_by_group(
    cohort: pa.Table, encoded: normalise.Encoded, edges: Edges, probability: Floats, decision: Small
) -> dict[str, tuple[dict[str, object], ...]]:
    """For each grouping column, and for surnames by where they come from: rows and rates of each group."""
    rows, links = cohort.num_rows, np.flatnonzero(decision == LINK)
    linked, review = np.zeros((2, rows), np.bool_)
    mine = edges.rows[links]
    linked[mine] = review[edges.rows[decision == REVIEW]] = True
    columns: dict[str, Callable[[], normalise.Dictionary]] = {
        name: partial(normalise.Dictionary.of, cohort[name])
        for name in GROUPED
        if name in cohort.column_names and pa.types.is_string(cohort[name].type)
    }
    columns["surname"] = partial(_surnames, encoded)
    grouped = {name: groups for name, of in columns.items() if (groups := _groups(of()))}
    found: dict[str, list[dict[str, object]]] = {name: [] for name in grouped}
    # columns of all rows one after the other: in 64 bits these are the most that a report holds
    whole = np.minimum(np.bincount(edges.rows, probability, rows), 1.0)
    for name, (number, labels) in grouped.items():
        for place, label in enumerate(labels):
            here = np.flatnonzero(number == place).astype(np.int32)
            matched, missed = (float(whole[of].sum()) for of in (here, here[~linked[here]]))
            found[name].append(
                {
                    "group": label,
                    "rows": len(here),
                    "linked": round(float(linked[here].mean()), 4),
                    "review": round(float(review[here].mean()), 4),
                    "missed": round(missed / matched, 4) if matched > 0 else 0.0,
                    "expected": round(matched, 3),
                    "expected_missed": round(missed, 3),
                }
            )
    del whole
    whole = np.bincount(mine, probability[links], rows)
    for name, (number, _) in grouped.items():
        own = number[mine]
        for place, line in enumerate(found[name]):
            many, sure = int(np.count_nonzero(own == place)), float(whole[number == place].sum())
            line["false"] = round(1 - sure / many, 4) if many else 0.0
    return {name: tuple(lines) for name, lines in found.items()}


def _rows_with(codes: Rows, size: int) -> Ints:
    """How many rows have each code (-1: none), some rows at a time."""
    many = np.zeros(size + 1, np.int64)
    for begin in range(0, len(codes), _AT_ONCE):
        many += np.bincount(codes[begin : begin + _AT_ONCE] + 1, minlength=size + 1)
    return many[1:]


def _groups(values: normalise.Dictionary) -> tuple[Small, list[str]] | None:
    """The group of each row and the groups' names; None where the column is no grouping."""
    labels = [text.strip().lower() for text in values.values]
    distinct = sorted(set(labels) - {""})
    number = np.array([*(distinct.index(t) if t else -1 for t in labels), -1], np.int32)
    rows = number[values.indices]
    sizes = _rows_with(rows, len(distinct))
    shown = [i for i, n in enumerate(sizes) if n >= _LEAST]
    if not shown or len(shown) > _MOST or any(len(distinct[i]) > _LONGEST for i in shown):
        return None
    table = np.full(len(distinct) + 1, -1, np.int8)
    table[shown] = np.arange(len(shown))
    groups = table[rows]
    names = [distinct[i] for i in shown]
    if np.count_nonzero(groups < 0) >= _LEAST:
        groups[groups < 0] = len(names)
        names.append(_REST)
    return groups, names


def _held_back(
    scorer: Scorer, scored: Scored, edges: Edges, probability: Floats, decision: Small
) -> dict[str, int]:
    """For each guard the pairs of row and identity that would be links without it."""
    held = (decision == REVIEW) & (probability >= scorer.options.threshold)
    held &= edges.unguarded < edges.log_odds
    pairs = np.flatnonzero(held[edges.place] & scored.guarded)
    pairs = pairs[scored.log_odds[pairs] == edges.log_odds[edges.place[pairs]]]
    pairs = pairs[np.unique(edges.place[pairs], return_index=True)[1]]
    return scorer.held_by(scored.a[pairs], scored.b[pairs])


# the whole


def link_report(
    scorer: Scorer,
    scored: Scored,
    edges: Edges,
    assignment: Assignment,
    links: Links,
    identity: Ints | Rows,
    record: Rows,
    cohort: pa.Table,
    cost: BudgetCost,
    warnings: tuple[findings.Finding, ...],
    carried: Floats,
) -> LinkReport:
    """Put the report together.

    Args:
        scorer: the linkage.
        scored: its pairs of rows.
        edges: its pairs of row and identity.
        assignment: what competition made of these.
        links: what was decided.
        identity: the identity of each record row.
        record: the record of each record row.
        cohort: columns of the cohort by which rates are given.
        cost: of the budget.
        warnings: what must be said of how the files were read.
        carried: log odds with another record of the row, of links that are known by it alone.
    """
    probability, decision = assignment.probability, links.decision
    linked = decision == LINK
    sure = float(probability[linked].sum())
    unseen = _unseen(scored, probability)
    total = float(probability.sum()) + unseen
    others = probability[~linked]
    doubt = float((others * (1 - others)).sum())
    del others
    sureness = np.append(probability[linked], 1 / (1 + np.exp(-carried)))
    review = decision == REVIEW
    model = scorer.model
    labels = _labels(scorer, links)
    with ThreadPoolExecutor(1) as other:
        grouping = other.submit(
            _rates_by_group, cohort, scorer.encoded, edges, probability, decision
        )
        return LinkReport(
            cohort_rows=cohort.num_rows,
            record_rows=scorer.encoded.records.rows,
            records=int(record.max(initial=-1)) + 1,
            identities=arrays.count_distinct(identity),
            columns=scorer.encoded.columns,
            rules=_rules_json(scorer.blocks.counts, scored, edges, decision),
            pairs=scored.pairs,
            patterns=scored.patterns,
            parameters=_model_parameters(model, scorer.options.own_columns),
            classes={n: round(float(x), 2) for n, x in zip(CLASSES, model.sizes, strict=True)},
            prior={
                "shipped_version": int(shipped_number("version")),
                "source": _source(scorer),
                "saved_model": scorer.start.digest if scorer.start else "none",
                "prior_pairs_per_field": shipped_number("strength"),
                "matches_in_training": round(model.trained_on, 2),
                "rounds": model.rounds,
                "share_of_rows_matched": round(assignment.row_share, 6),
            },
            labels=labels,
            links=links.count(LINK),
            linked_rows=arrays.count_distinct(edges.rows[linked]),
            linked_identities=arrays.count_distinct(edges.identities[linked]),
            reviews=links.count(REVIEW),
            review_rows=arrays.count_distinct(edges.rows[review]),
            false_match_rate=_expected_rate(
                float((1 - sureness).sum()),
                float(len(sureness)),
                float((sureness * (1 - sureness)).sum()),
                float(len(sureness)) - float(_flattened(sureness).sum()),
                _NAMESAKES * len(sureness) * normalise.namesakes_alike(scorer.encoded.columns),
            ),
            missed_match_rate=_expected_rate(total - sure, total, doubt + unseen),
            curve=_threshold_curve(probability, unseen),
            histogram=_weight_histogram(edges, decision),
            groups=grouping.result(),
            held_back=_held_back(scorer, scored, edges, probability, decision),
            budget=asdict(cost) | {"share_of_matches": round(cost.expected / max(total, 1.0), 6)},
            unparsable=scorer.encoded.unparsable,
            nobodys=scorer.encoded.nobodys,
            warnings=(*warnings, *_label_warnings(labels)),
            options=scorer.options.as_json(),
            seconds={stage: round(spent, 3) for stage, spent in scorer.seconds.items()},
            versions={name: _version(name) for name in ("duckdb", "rapidfuzz", "numpy", "pyarrow")},
        )


def _source(scorer: Scorer) -> str:
    """Where the weights come from, in words."""
    learnt = ["data"] if scorer.model.trained_on >= 1 else []
    told = scorer.labelled or scorer.lessons
    reviewed = ["reviewed pairs"] if learnt and told else []
    prior = "saved model" if scorer.start else "shipped prior"
    return " and ".join([", ".join([*learnt, *reviewed]), prior][not learnt :])


def _labels(scorer: Scorer, links: Links) -> dict[str, int]:
    """How many labels, or reviewed pairs of earlier linkages, say what; none where there were none."""
    labelled, lessons = scorer.labelled, scorer.lessons
    if labelled is None:
        said = {"same": True, "different": False}
        return {word: lessons.count(same=same) for word, same in said.items()} if lessons else {}
    listed = int((labelled.verdicts(links.row, links.record) == SAME).sum())
    return {
        "same": labelled.count(SAME),
        "different": labelled.count(DIFFERENT),
        "unsure": labelled.count(UNSURE),
        "of_unknown_rows": labelled.unknown,
        "same_but_too_unlike_to_link": labelled.count(SAME) - listed,
    }


def _label_warnings(labels: Mapping[str, int]) -> Iterator[findings.Finding]:
    """What must be said of labels that were not kept to."""
    said = {
        "of_unknown_rows": "are of rows that are not in the files: are the ids still theirs?",
        "same_but_too_unlike_to_link": "say same of a pair that is too unlike to be linked: are the ids still theirs?",
    }
    for name, what in said.items():
        if labels.get(name):
            whole = sum(labels.values()) - labels["same_but_too_unlike_to_link"]
            yield findings.Finding(f"labels_{name}", "labels", "", labels[name], whole, what)


def _unseen(scored: Scored, probability: Floats) -> float:
    """Matches that no rule caught, by Chao's estimator from those which one or two rules caught."""
    best = np.flatnonzero(scored.log_odds > 0)
    hits = np.bitwise_count(scored.caught[best])
    once, twice = int((hits == 1).sum()), int((hits == 2).sum())
    share = float(probability.sum()) / max(len(best), 1)
    return min(1.0, share) * once * max(once - 1, 0) / (2 * (twice + 1))
