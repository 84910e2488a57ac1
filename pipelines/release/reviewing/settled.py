"""What follows for the run from what reviewers have settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import pyarrow as pa

from extracts.rows import compute as pc
from matching.review import Agreement, Decision, Verdict, apply_decisions
from pipelines.release.context import ReleaseContext
from pipelines.release.errors import StageChanged
from pipelines.release.reviewing.asked import policy_of, prepare, withheld_rows
from pipelines.release.reviewing.deciding import DECISIONS, Table, in_ledger, record
from pipelines.release.reviewing.looks import STAGE, TABLE, Book, Key, standings, verdicts
from pipelines.release.reviewing.reached import agreed, progress


@dataclass(frozen=True)
class Settled:
    """Links after all that is settled, and what is not.

    Attributes:
        links: what is not settled stays as it was, and is never a link.
        pairs: how many were doubtful.
        waits: for what those wait that are not settled: ``first``, ``second``, ``adjudicate``.
        rows: withheld rows that nobody has settled and that the run waits for.
        agreement: of the questions that two people answered; None where none were asked of two.
        adjudicated: how many pairs a third person settled.
        said: the verdict of each pair that is settled.
    """

    links: pa.Table
    pairs: int
    waits: Mapping[str, int] = field(default_factory=dict[str, int])
    rows: int = 0
    agreement: Agreement | None = None
    adjudicated: int = 0
    said: Mapping[Key, str] = field(default_factory=dict[Key, str])

    @property
    def undecided(self) -> int:
        """Pairs that are not settled."""
        return sum(self.waits.values())


def settle(context: ReleaseContext, *, wait: bool) -> Settled:
    """What reviewers have settled by now; ``wait``: others are still to do so. For the holder of the run's lock.

    Raises:
        StageChanged: the ledger does not know of these decisions, or knows of others (exit 5).
    """
    links = context.staging.read("match", "links")
    policy = policy_of(context)
    doubtful = links.filter(pc.equal(links["decision"], "review"))
    if not doubtful.num_rows and not withheld_rows(context, policy):
        return Settled(links, 0)
    if not context.staging.has(STAGE, TABLE):
        if context.staging.has(STAGE, "settled"):  # of a home of before
            return Settled(context.staging.read(STAGE, "settled"), doubtful.num_rows)
        if not wait:
            return Settled(links, doubtful.num_rows, {"first": doubtful.num_rows})
    table = Table(context, prepare(context), Book.read(context))
    record(table)
    _check_recorded(context, table.book)
    found = table.standings
    known = {key: one.verdict for key, one in found.items() if one.verdict}
    ids = zip(doubtful["cohort_id"].to_pylist(), doubtful["record_id"].to_pylist(), strict=True)
    decisions = [
        Decision(*pair, cast("Verdict", known[key]))
        for pair in ids
        if (key := (pair[0], str(pair[1]))) in known
    ]
    at = progress(table)
    waits = {task: n for task, n in at.pairs.items() if task != "settled" and n}
    rows = sum(n for task, n in at.rows.items() if task != "settled")
    told = (
        agreed(table.index, found)
        if policy is not None and policy.second_share and not policy.alone
        else None
    )
    return Settled(
        apply_decisions(links, decisions), doubtful.num_rows, waits,
        rows if policy is not None and policy.alike == "wait" else 0,
        told[0] if told else None, told[1] if told else 0,
        known,
    )  # fmt: skip


def released_rows(context: ReleaseContext) -> set[str]:
    """Rows that looked like another one and that reviewers called different people: they are looked for."""
    policy = policy_of(context)
    rows = withheld_rows(context, policy)
    book = Book.read(context) if rows else Book()
    keys = [(row.cohort_id, f"={row.group}") for row in rows]
    if policy is None or not any(word.record_id.startswith("=") for word in book.words):
        return set()
    found = standings(book.words, dict.fromkeys(keys, not policy.alone))
    return {key[0] for key, verdict in verdicts(found, keys).items() if verdict == "different"}


def told_apart_digest(context: ReleaseContext, rows: Sequence[str]) -> str:
    """By what a set of rows is known in facts: a keyed digest; empty where there is none."""
    joined = "\x00".join(rows).encode()
    return context.session.keyring.digest("told apart", joined) if rows else ""


def _check_recorded(context: ReleaseContext, book: Book) -> None:
    """Every numbered decision is an event, and every such event a decision."""
    told = [in_ledger(context, word)[1] for word in book.words if word.number]
    events = context.session.ledger.events(release=context.release, kind=DECISIONS)
    known = [dict(event.facts) for event in events if "number" in event.facts]
    if sorted(map(_in_order, told)) != sorted(map(_in_order, known)):
        raise StageChanged(stage=STAGE)


def _in_order(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in facts.items())
