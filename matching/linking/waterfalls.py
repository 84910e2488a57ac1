"""The weights of doubtful pairs as one page: for each a waterfall from the prior, over the fields, to the weight.

It shows personal values: written only where a reviewer asked for it, readable by its owner alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from matching.linking.explaining import Explanation
from systems.texts import page_template

_WIDTH = 200.0  # of a row's drawing
_SHOWN = 0.05  # bits; what moves a pair less is not listed


@dataclass(frozen=True)
class WeighedPair:
    """A pair of ids as they were given, what was made of it, and how it came about."""

    cohort_id: str
    record_id: str
    probability: float
    explanation: Explanation


@dataclass(frozen=True)
class _Step:
    name: str
    bits: float
    cohort: str = ""
    record: str = ""
    level: str = ""


def weights_page(pairs: Sequence[WeighedPair]) -> str:
    """The page, pairs in the order of the reviewer's sheet."""
    from jinja2 import PackageLoader

    template = page_template(PackageLoader("matching.linking", ""), "weights.html.j2")
    return template.render(pairs=drawn_pairs(pairs)) + "\n"


def drawn_pairs(pairs: Sequence[WeighedPair]) -> list[dict[str, object]]:
    """What a page shows of pairs: for each its ids, weight and steps with the places of their bars, 200 wide."""
    return [_drawn(one) for one in pairs]


def _drawn(pair: WeighedPair) -> dict[str, object]:
    steps = list(_steps(pair.explanation))
    ends = list(accumulate(step.bits for step in steps))
    begins = [0.0, *ends[:-1]]
    low, high = min(0.0, *ends), max(1.0, *ends)
    scale = _WIDTH / (high - low)
    drawn = [
        {
            "name": step.name,
            "cohort": step.cohort,
            "record": step.record,
            "level": step.level,
            "bits": step.bits,
            "shown": f"{step.bits:+.1f}",
            "x": f"{(min(begin, end) - low) * scale:.1f}",
            "width": f"{max(abs(step.bits) * scale, 1.0):.1f}",
            "said": f"{step.name}: from {begin:.1f} to {end:.1f} bits",
        }
        for step, begin, end in zip(steps, begins, ends, strict=True)
    ]
    return {
        "cohort_id": pair.cohort_id,
        "record_id": pair.record_id,
        "probability": f"{pair.probability:.3f}",
        "steps": drawn,
        "low": f"{low:.0f}",
        "high": f"{high:.0f}",
        "nought": f"{-low * scale:.1f}",
        "weight": f"{pair.explanation.weight:+.1f}",
    }


def _steps(told: Explanation) -> Iterator[_Step]:
    yield _Step("how rare a match is", told.prior)
    for one in told.fields:
        bits = one.weight + one.frequency
        if one.cohort or one.record or abs(bits) >= _SHOWN:
            yield _Step(one.field, bits, one.cohort, one.record, one.level)
    rivals = told.weight - told.against_chance
    if abs(rivals) >= _SHOWN:
        classes = sorted(told.rivals, key=lambda name: -told.rivals[name])
        likely = next((name for name in classes if name not in {"match", "random"}), "")
        yield _Step("relatives and namesakes", rivals, level=f"most like: {likely}")
