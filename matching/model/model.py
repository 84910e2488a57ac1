"""Fellegi-Sunter weights with rivals: how likely a pattern is for one person, and for look-alikes.

A pair belongs to one of several classes: the same person; two people at random; two of one household;
twins; senior and junior; namesakes (first and last name, or first and middle name, go together more
often than chance says, by origin and generation); a number written on the wrong record. Each class gives every level of
every field a probability, either the matches' ``m`` or the chance ``u`` (Fellegi and Sunter 1969;
independence inside a class, which is why households need classes of their own). The classes'
sizes and ``m`` are learnt by expectation maximisation on counted patterns; ``u`` is fixed
beforehand from random pairs and value frequencies, since it does not depend on the blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matching.arrow import Bools, Floats, Ints, Rows
from matching.comparison import FIELDS, NAMES, level, shipped_prior, unpack
from matching.model.ordering import limited, ordered
from matching.model.saved import SavedModel

CLASSES: Final = (
    "match", "random", "household", "twin", "generation", "namesake", "given namesake",
    "ssn mixup", "licence mixup",
)  # fmt: skip
_NAMESAKES: Final = {
    "namesake": {"first": "m", "last": "m", "sex": "m"},
    "given namesake": {"first": "m", "middle": "m", "sex": "m"},
}
_HOUSE = {"last": "m", "suffix": "own", "phone": "own", "street": "m", "place": "m", "exact": "own"}
# class → field → which distribution; "u" where nothing is said
_USES: Final[dict[str, dict[str, str]]] = {
    "match": dict.fromkeys(NAMES, "m"),
    "random": {},
    "household": _HOUSE,
    "twin": _HOUSE | {"birth": "m", "first": "own"},
    "generation": _HOUSE | {"first": "m", "sex": "m", "middle": "own"},
    **_NAMESAKES,
    "ssn mixup": {"ssn": "m"},
    "licence mixup": {"licence": "m"},
}
_OWN: Final = {"household": "household", "twin": "twin", "generation": "generation"}
CHANCE: Final = [CLASSES.index("random"), CLASSES.index("given namesake")]
"""What chance makes. Hardly any of these are candidates of a rule, and what is not seen is not gone: training learns of none that they are fewer."""
_ROUNDS, _SETTLED = 100, 1e-4
_LABEL = 1.0  # pairs that a reviewed one counts for


FULL_NAME: Final = "full name"
NEAR_NAME: Final = "full name but for a slip"
_SAME = {"first": (1,), "last": (1,)}
_NEAR = {
    "first": tuple(level("first", name) for name in ("same", "nickname", "close", "similar")),
    "last": tuple(level("last", name) for name in ("same", "close", "similar")),
}
# What a frequency is of → the class that it is of, and the levels that fields must have; most are of one field that agrees.
_OF: Final[dict[str, tuple[str, dict[str, tuple[int, ...]]]]] = {
    FULL_NAME: ("namesake", _SAME),
    NEAR_NAME: ("namesake", _NEAR),  # where they are not the same
    "middle of full name": ("namesake", _SAME | {"middle": (1,)}),
    "middle of first name": ("given namesake", {"first": (1,), "middle": (1,)}),
    "heir": ("generation", {"street": (1,), "birth": (0,)}),  # birth dates say more than sex does
}


def uses_chance(name: str) -> Bools:
    """For each class, whether agreeing on this is chance in it (so the value's frequency counts).

    Namesakes follow the matches' errors, but there are the more of them the commoner the name is, as a whole.
    """
    if name in _OF:
        return np.array([c == _OF[name][0] for c in CLASSES])
    given = ("given namesake",) if name == "first" else ()
    return np.array([_USES[c].get(name, "u") == "u" or c in given for c in CLASSES])


def agreeing(name: str, levels: Sequence[Ints]) -> Bools:
    """Which pairs agree on what a frequency is of."""
    wanted = _OF[name][1] if name in _OF else {name: (1,)}
    found = np.logical_and.reduce([_among(levels[NAMES.index(f)], n) for f, n in wanted.items()])
    return found & ~agreeing(FULL_NAME, levels) if name == NEAR_NAME else found


def _among(levels: Ints, wanted: tuple[int, ...]) -> Bools:
    return np.logical_or.reduce([levels == n for n in wanted])


@dataclass(frozen=True)
class Model:
    """What a comparison is weighed with. Arrays per field are indexed by level; level 0 is 1.

    However ``m`` came about, it follows the order of the levels (``ordering``): there is no model in which
    a conflict speaks for a match.
    """

    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    sizes: Floats  # expected pairs of each class in the whole cross product
    pairs: float  # pairs of the whole cross product
    same_middle: float | None = (
        None  # chance that namesakes share a middle name (None: as any two people)
    )
    trained_on: float = 0.0  # expected matches among the training pairs; 0: the shipped prior alone
    rounds: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "m", ordered(self.m, self.u))

    def tables(self) -> list[Floats]:
        """Log probability of each level, one (classes x levels) table per field."""
        result: list[Floats] = []
        for f, field in enumerate(FIELDS):
            rows = [self._row(c, f, field.name) for c in CLASSES]
            result.append(np.log(np.stack(rows)))
        return result

    def log_sizes(self) -> Floats:
        """Log share of each class among all pairs."""
        return np.log(np.maximum(self.sizes, 1e-300) / self.pairs)

    def weights(self) -> list[Floats]:
        """log2(m/u) per field and level, as a report shows them."""
        return [np.log2(m / u) for m, u in zip(self.m, self.u, strict=True)]

    def scaled(self, share: float) -> "Model":
        """The same for another number of cohort rows."""
        return replace(self, sizes=self.sizes * share, pairs=self.pairs * share)

    def _row(self, class_name: str, f: int, name: str) -> Floats:
        if class_name == "namesake" and name == "middle" and self.same_middle is not None:
            return _with_same(self.u[f], self.same_middle)
        kind = _USES[class_name].get(name, "u")
        if kind == "own":
            return _distribution(_OWN[class_name], name, self.u[f])
        return self.m[f] if kind == "m" else self.u[f]


def prior_model(
    cohort_rows: int,
    record_rows: int,
    *,
    same_table: bool = False,
    saved: SavedModel | None = None,
) -> Model:
    """The shipped prior for tables of this size (``same_table``: for pairs within one table), or a saved model in its stead."""
    share = saved.share if saved else shipped_number("matches", "share")
    matches = share * max(1, min(cohort_rows, record_rows))
    pairs = float(max(1, cohort_rows * record_rows)) / (2 if same_table else 1)
    sizes = _class_sizes(matches, pairs)
    m = tuple(_distribution("m", name, None) for name in NAMES)
    if saved:
        m = tuple(_limited(f, own) for f, own in enumerate(saved.m))
    u = tuple(_distribution("u", name, None) for name in NAMES)
    return with_namesakes(Model(m, u, sizes, pairs))


def with_namesakes(
    model: Model, average: float | None = None, middle: float | None = None
) -> Model:
    """Expect so many namesakes, and of given names as many beyond chance as chance itself makes; training learns the rest of namesakes.

    Without a class of their own, pairs that agree on a first and middle name alone are so many more
    than independence allows that expectation maximisation takes them for the matches.

    Args:
        model: its ``u`` says how often names agree by chance.
        average: chance that two different people have one first and last name (None: as independence says).
        middle: chance that two such people share a middle name, too (None: as any two people).
    """
    same = {name: float(u[1]) for name, u in zip(NAMES, model.u, strict=True)}
    sizes = model.sizes.copy()
    for name, fields in _NAMESAKES.items():
        shared = [same[f] for f in fields if f != "sex"]
        sizes[CLASSES.index(name)] = model.pairs * float(np.prod(shared))
    if average is not None:
        sizes[CLASSES.index("namesake")] = model.pairs * average
    return replace(model, sizes=sizes, same_middle=middle)


@dataclass(frozen=True)
class Reviewed:
    """Candidate pairs that a person has decided on.

    Attributes:
        patterns: of each pair.
        frequencies: what the frequencies of its values add to each class (classes x pairs).
        same: whether it is one person.
        pairs: for how many each stands (None: for itself).
    """

    patterns: Rows
    frequencies: Floats
    same: Bools
    pairs: Ints | None = None

    def count(self, *, same: bool) -> int:
        """How many pairs are of one person, or of two."""
        chosen = self.same if same else ~self.same
        return int(chosen.sum() if self.pairs is None else self.pairs[chosen].sum())

    def corrections(self, model: Model) -> Floats:
        """What is known of each pair's class less what the model makes of it (classes x pairs).

        A reviewer sees doubtful pairs, so their share of matches is nobody else's, and neither are their levels. But
        that he was asked depends on what the pair looks like, not on what it is: given its looks, what the model takes for
        70 % must come true in 70 %. The correction is the gradient of that likelihood; it is nought on average
        where the model is right, whichever pairs were asked about.
        """
        joint = class_log_joint(model, unpack(self.patterns)) + self.frequencies
        share = np.exp(joint - joint.max(axis=0))
        share /= share.sum(axis=0)
        known = np.where(self.same, 0.0, share)
        known[0] = self.same
        known /= np.maximum(known.sum(axis=0), 1e-300)
        found = known - share
        return found if self.pairs is None else found * self.pairs


def train(model: Model, patterns: Rows, counts: Ints, reviewed: Reviewed | None = None) -> Model:
    """Learn ``m`` and the classes' sizes from counted patterns of candidate pairs; ``u`` stays.

    Args:
        model: the prior with its ``u``, for the rows that the patterns come from.
        patterns: distinct patterns.
        counts: how many candidate pairs show each.
        reviewed: pairs of which it is known whether they match.
    """
    if not len(patterns):
        return model
    levels = unpack(patterns)
    start, rounds = model, 0
    while rounds < _ROUNDS:
        rounds += 1
        before = model.sizes[0]
        model = _step(model, start, levels, counts.astype(np.float64), reviewed)
        if abs(model.sizes[0] - before) < _SETTLED * before:
            break
    return replace(model, trained_on=float(model.sizes[0]), rounds=rounds)


def _step(
    model: Model,
    start: Model,
    levels: Sequence[Ints],
    counts: Floats,
    reviewed: Reviewed | None,
) -> Model:
    posterior = np.exp(class_log_posterior(model, levels)) * counts
    if reviewed is not None:
        posterior = np.hstack([posterior, _LABEL * reviewed.corrections(model)])
        levels = [np.append(*both) for both in zip(levels, unpack(reviewed.patterns), strict=True)]
    total = np.maximum(posterior.sum(axis=1), 0.0)
    strength = np.full(len(CLASSES), shipped_number("classes", "strength"))
    strength[0] = shipped_number("matches", "strength")
    sizes = (total + strength) / (1 + strength / start.sizes)
    sizes[CHANCE] = np.maximum(sizes[CHANCE], start.sizes[CHANCE])
    sizes[1] = start.sizes[1]
    weight = shipped_number("strength")
    m: list[Floats] = []
    for f, field in enumerate(FIELDS):
        seen = np.bincount(levels[f], weights=posterior[0], minlength=len(field.levels))
        seen = np.maximum(seen, 0.0)
        new = np.ones(len(field.levels))
        for group in field.groups:
            g = list(group)
            new[g] = (seen[g] + weight * start.m[f][g]) / (seen[g].sum() + weight)
        m.append(_limited(f, new))
    return replace(model, m=tuple(m), sizes=sizes)


def _limited(f: int, m: Floats) -> Floats:
    """Within limits of the shipped prior: models saved from saved models mustn't lift conflicts step by step."""
    return limited(f, m, _distribution("m", NAMES[f], None)) if FIELDS[f].lasting else m


def class_log_posterior(model: Model, levels: Sequence[Ints]) -> Floats:
    """Log posterior of each class (rows) for each pattern (columns)."""
    joint = class_log_joint(model, levels)
    top = joint.max(axis=0)
    return joint - top - np.log(np.exp(joint - top).sum(axis=0))


def class_log_joint(model: Model, levels: Sequence[Ints]) -> Floats:
    """Log of (share of the class x probability of the pattern in it)."""
    joint = np.repeat(model.log_sizes()[:, None], len(levels[0]), axis=1)
    for table, here in zip(model.tables(), levels, strict=True):
        joint += table[:, here]
    return joint


def _with_same(u: Floats, same: float) -> Floats:
    """A field's chances with another one of being the same."""
    result = u * ((1 - same) / (1 - u[1]))
    result[:2] = 1.0, same
    return result


def _class_sizes(matches: float, pairs: float) -> Floats:
    mixup = shipped_number("classes", "mixup") * matches
    shares = [shipped_number("classes", c) * matches for c in ("household", "twin", "generation")]
    return np.array([matches, pairs, *shares, 0.0, 0.0, mixup, mixup])


def _distribution(table: str, name: str, default: Floats | None) -> Floats:
    section = shipped_prior()["exact" if name == "exact" else table]
    assert isinstance(section, dict)
    values = section.get(table if name == "exact" else name)
    if values is None:
        assert default is not None
        return default
    field = FIELDS[NAMES.index(name)]
    result = np.concatenate([[1.0], np.array(values, np.float64)])
    for group in field.groups:
        result[list(group)] /= result[list(group)].sum()
    return result


def shipped_number(*path: str) -> float:
    """A number of the shipped prior."""
    node: object = shipped_prior()
    for key in path:
        assert isinstance(node, dict)
        node = node[key]
    assert isinstance(node, int | float)
    return float(node)
