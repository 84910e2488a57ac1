"""What a reviewer says of a pair, and links after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa

from matching.arrow import pc

Verdict = Literal["same", "different", "unsure"]
VERDICTS: Final[tuple[Verdict, ...]] = ("same", "different", "unsure")


@dataclass(frozen=True)
class Decision:
    """A reviewer's word on one pair. Ids as the links have them."""

    cohort_id: str
    record_id: str | int
    verdict: Verdict


def apply_decisions(links: pa.Table, decisions: Sequence[Decision]) -> pa.Table:
    """Links after review: ``same`` becomes a link, ``different`` leaves, ``unsure`` stays in review.

    A pair that nobody decided on stays as it was.
    """
    words = {"same": "link", "different": None, "unsure": "review"}
    verdicts = {(d.cohort_id, d.record_id): words[d.verdict] for d in decisions}
    lines = zip(
        *(links[n].to_pylist() for n in ("cohort_id", "record_id", "decision")), strict=True
    )
    after = [verdicts.get((mine, theirs), decision) for mine, theirs, decision in lines]
    place = links.column_names.index("decision")
    changed = links.set_column(place, "decision", pa.array(after, pa.string()))
    return changed.filter(pc.is_valid(changed["decision"]))
