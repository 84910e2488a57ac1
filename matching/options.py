"""The switches of a linkage. The defaults are meant to be right; none needs labels."""

from dataclasses import asdict, dataclass
from typing import Final

from matching.errors import BadExact, BadOptions
from matching.own_words import NO_WORDS, OwnWords
from systems.standard import STANDARD_COLUMNS

GUARD_NAMES: Final = ("birth", "suffix", "sex", "twin", "number", "names")
"""See ``matching.model.GUARDS``."""
MOST_EXACT: Final = 4
LASTING: Final = ":lasting"


@dataclass(frozen=True)
class LinkOptions:
    """How to link. Defaults suit a cohort against a register.

    Attributes:
        threshold: probability, after competition, from which a pair is a link (contract: 0.90).
        review_from: probability from which a pair that is no link goes to a reviewer.
        tie: a rival with at least this probability makes a near-tie: both go to review.
        never_link: guards (``matching.model.guards``) whose pairs go to review at best.
        exact: columns of the user's own that are compared for equality, at most four; ``cii:lasting`` stays with a person.
        one_row_per_identity: an identity goes to at most one cohort row.
        pair_budget: candidate pairs to compare at most (None: 60 per row, at least 20 million).
        block_cap: candidate pairs of one value of one rule, before it is split by more fields.
        threads: DuckDB threads (None: all). Never changes the result.
        seed: for the random pairs that estimate chance agreement.
        shard_rows: cohort rows worked at a time. Never changes the result.
        training_rows: cohort rows whose pairs train the weights; 0: they stay what they start from.
        words: placeholders and nicknames of the Department's own.
    """

    threshold: float = 0.90
    review_from: float = 0.50
    tie: float = 0.05
    never_link: tuple[str, ...] = GUARD_NAMES
    exact: tuple[str, ...] = ()
    one_row_per_identity: bool = True
    pair_budget: int | None = None
    block_cap: int = 20_000
    threads: int | None = None
    seed: int = 20_261_123
    shard_rows: int = 250_000
    training_rows: int = 15_000
    words: OwnWords = NO_WORDS

    def __post_init__(self) -> None:
        ranges = {
            "threshold": 0 < self.review_from <= self.threshold < 1,
            "tie": 0 < self.tie < self.threshold,
            "never_link": set(self.never_link) <= set(GUARD_NAMES),
            "pair_budget": self.pair_budget is None or self.pair_budget >= 1,
            "block_cap": self.block_cap >= 1,
            "threads": self.threads is None or self.threads >= 1,
            "shard_rows": self.shard_rows >= 1,
            "training_rows": self.training_rows >= 0,
        }
        wrong = [name for name, right in ranges.items() if not right]
        if wrong:
            raise BadOptions(options=wrong)
        if len(self.exact) > MOST_EXACT:
            raise BadExact(problem="more than four")
        if len(set(self.own_columns)) < len(self.exact):
            raise BadExact(problem="one named twice")
        if {"", *STANDARD_COLUMNS} & set(self.own_columns):
            raise BadExact(problem="a standard column, which is compared anyway, or no name")

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The names of the user's own columns."""
        return tuple(name.removesuffix(LASTING) for name in self.exact)

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The guards that say that two rows contradict each other; the others say that too little agrees."""
        return tuple(guard for guard in self.never_link if guard != "names")

    def as_json(self) -> dict[str, object]:
        """Everything that fixes the result, for the report (threads and shards do not)."""
        kept: dict[str, object] = asdict(self)
        for name in ("threads", "shard_rows"):
            kept.pop(name)
        kept["words"] = self.words.as_json()
        return kept
