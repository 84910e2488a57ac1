"""Doubtful pairs out to a reviewer's sheet, and the decisions back in, through the same door as the desk's."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import pyarrow as pa

from matching.arrow import texts
from matching.linking import Explainer, Explanation, WeighedPair, weights_page
from matching.model import lesson_text
from matching.review import VERDICTS, Line, import_filled, write_sheet
from pipelines.errors import FileExists
from pipelines.home import write_private
from pipelines.release.context import ReleaseContext
from pipelines.release.errors import NothingToReview, WeightsMissing
from pipelines.release.reviewing.asked import Item, read, shown
from pipelines.release.reviewing.deciding import (
    Said,
    Table,
    check_reviewer,
    conclude,
    is_settled,
    opened,
    take,
)
from pipelines.release.reviewing.looks import Key, Standing
from pipelines.release.reviewing.reached import progress, shown_for, tasks_for
from pipelines.session import Session
from systems.tabular import check_file


def export_review(session: Session, release: str, path: Path, weights: Path | None = None) -> int:
    """Write the sheet of what waits for the acting person (0600) and record that it was written; how many pairs and rows.

    What they have said themselves is filled in; what others have said is not shown, but to whoever settles a difference. ``weights``
    is for a page that shows how the weight of each pair came about (0600, too).

    Raises:
        NothingToReview: there are none, or none for this person.
        WeightsMissing: they were not kept when this release was matched.
        ReleaseOver: it is released, withdrawn or destroyed.
        RoleMissing, ReviewerNotNamed: the acting person is no reviewer of it.
        FileExists: the sheet is there already.
    """
    check_reviewer(session, release)
    for file, place in (("sheet", path), ("weights", weights)):
        if place is not None and place.exists():
            raise FileExists(file=file)
    with opened(session, release) as table:
        chosen = _for_person(table)
        if not chosen:
            raise NothingToReview(release=release)
        lines = list(_lines(table, chosen))
        pairs = [item for item in chosen if not item.is_row]
        page = None if weights is None else weights_of(table, pairs)
        write_sheet(path, lines[: len(pairs)], lines[len(pairs) :])
        facts = {"pairs": len(chosen), "sheet": session.keyring.digest_file("sheet", path)}
        if weights is not None and page is not None:
            write_private(weights, page)
            facts["weights"] = session.keyring.digest_file("sheet", weights)
        session.releases.record(release, "sheet_exported", facts, actor=session.person)
    return len(chosen)


def import_review(session: Session, release: str, path: Path) -> dict[str, int]:
    """Take what a reviewer decided on a sheet, whole or partly filled: each decision is staged for the run, and an event.

    Pairs without a decision stay open, and another sheet may decide on them. Until the run goes on, a person may decide anew on what
    nobody else has looked at since: both events stand, the later one counts.

    Returns:
        How many pairs are ``same``, ``different`` and ``unsure`` by now, settled or by the acting person's word; how many decisions of this sheet are ``new``, how many
        ``changed``, how many known from ``before`` and how many not taken since ``others`` have settled it; and how many pairs are
        ``open``, of which how many wait for a ``second`` look and how many to be settled (``adjudicate``).

    Raises:
        CodedError: the sheet is not the one that was exported (exit 6).
        DecisionsUsed: something is decided otherwise, and the run has gone on.
        ReleaseOver: it is released, withdrawn or destroyed.
        RoleMissing, ReviewerNotNamed: the acting person is no reviewer of it.
    """
    check_reviewer(session, release)
    with opened(session, release) as table:
        if path.is_file():
            check_file(path, role="sheet", limits=session.limits)
        items = table.index.items
        pairs = [item for item in items if not item.is_row]
        rows = [(item.cohort_id, item.record_id[1:]) for item in items if item.is_row]
        with session.keyring.steady_file("sheet", path) as (steady, sheet), steady.copied() as copy:
            filled = import_filled(copy, [item.key for item in pairs], rows)
        said = [Said(items[f.place].key, f.verdict, f.reason, f.note) for f in filled]
        new, changed, others = _sorted(table, said)
        if new or changed:
            before = is_settled(table)
            take(table, new + changed)
            if not before and is_settled(table):
                conclude(table, "sheet_imported", sheet=sheet)
        known = len(said) - len(new) - len(changed) - others
        counts = {"new": len(new), "changed": len(changed), "before": known, "others": others}
        return {**_verdicts(table), **counts, **_open(table)}


def _sorted(table: Table, said: list[Said]) -> tuple[list[Said], list[Said], int]:
    """What is new, what changes the person's own word, and how much others have settled meanwhile."""
    person, found = table.context.session.person.id, table.standings
    new: list[Said] = []
    changed: list[Said] = []
    others = 0
    for one in said:
        standing = found.get(one.key, Standing())
        own = standing.of(person) or standing.of("")
        if table.context.order.review is None and standing.words:
            own = standing.words[-1]
        if (
            own is not None
            and one.verdict == own.verdict
            and (one.reason, one.note) in (("", ""), (own.reason, own.note))
        ):
            continue
        if own is not None and own is standing.words[-1]:
            changed.append(one)
        elif not standing.words or (own is None and standing.task in ("second", "adjudicate")):
            new.append(one)
        elif own is None and len(standing.words) == 1:
            if (
                one.verdict != standing.verdict
            ):  # nobody asked for it, but it is not lost: a third person settles it
                new.append(one)
        else:
            others += 1
    return new, changed, others


def _for_person(table: Table) -> list[Item]:
    """What waits for the acting person, and what they have decided themselves and may still change."""
    tasks, found, person = tasks_for(table), table.standings, table.context.session.person.id
    return [
        item
        for item in table.index.items
        if item.key in tasks
        or ((words := found.get(item.key, Standing()).words) and words[-1].by in ("", person))
    ]


def _lines(table: Table, chosen: list[Item]) -> Iterator[Line]:
    session = table.context.session
    hidden, person = session.settings.review.hide_probability, session.person.id
    for one in shown(table.context, chosen):
        item, standing = one.item, table.standing(one.item.key)
        own = standing.of(person)
        chance = None if hidden and not shown_for(standing, person) else item.probability
        task = standing.task if standing.task != "first" and own is None else ""
        if task == "adjudicate":
            task = f"to settle: {' or '.join(word.verdict for word in standing.words)}"
        elif task:
            task = "second look"
        number = item.place + 1 if not item.is_row else item.place + 1 - _first_row(table)
        said = (own.verdict, own.reason, own.note) if own else ("", "", "")
        other, theirs = (item.record_id[1:], None) if item.is_row else (item.record_id, one.theirs)
        shade = item.block if item.is_row else item.identity
        yield Line(
            number, item.cohort_id, other, item.block, shade, one.mine, theirs, chance, *said, task
        )


def _first_row(table: Table) -> int:
    return sum(not item.is_row for item in table.index.items)


def _verdicts(table: Table) -> dict[str, int]:
    """Pairs by what is settled of them, or what the acting person said; what others said that waits for a second look is not told."""
    person, found = table.context.session.person.id, table.standings
    said: list[str] = []
    for item in table.index.items:
        standing = found.get(item.key)
        if standing is not None and not item.is_row:
            own = standing.of(person)
            said.append(standing.verdict or (own.verdict if own else ""))
    return {word: said.count(word) for word in VERDICTS}


def _open(table: Table) -> dict[str, int]:
    at = progress(table).pairs
    waits = {task: at.get(task, 0) for task in ("second", "adjudicate")}
    return {"open": sum(at.values()) - at.get("settled", 0), **waits}


def weights_of(table: Table, pairs: list[Item]) -> str:
    """The page that shows how the weights of pairs came about.

    Raises:
        WeightsMissing: they were not kept when this release was matched.
    """
    told = explained(table.context, pairs)
    return weights_page(
        [
            WeighedPair(item.cohort_id, item.record_id, item.probability, one)
            for item, one in zip(pairs, told, strict=True)
        ]
    )


def explained(context: ReleaseContext, pairs: list[Item]) -> list[Explanation]:
    """How the weights of pairs came about, from what is staged of them.

    Raises:
        WeightsMissing: they were not kept when this release was matched.
    """
    explainer, cohort, records = _weighed(context, pairs)
    return explainer.pairs(cohort, records, [item.key for item in pairs])


def lesson_of(context: ReleaseContext, said: Mapping[Key, str]) -> str:
    """What a model may learn of settled pairs, added up, as text; empty where nothing is, or how they were weighed was not kept."""
    told = {key: word == "same" for key, word in said.items() if word in ("same", "different")}
    asked = read(context).items if told else ()
    pairs = [item for item in asked if item.key in told and not item.is_row]
    if not pairs or not context.staging.has("match", "weights"):
        return ""
    explainer, cohort, records = _weighed(context, pairs)
    keys = {item.key: told[item.key] for item in pairs}
    return lesson_text(explainer.reviewed(cohort, records, keys))


def _weighed(context: ReleaseContext, pairs: list[Item]) -> tuple[Explainer, pa.Table, pa.Table]:
    kept = context.staging.place("match", "WEIGHTS.json")
    if not kept.is_file() or not context.staging.has("match", "weights"):
        raise WeightsMissing(release=context.release)
    rows = context.staging.read("match", "weights")
    explainer = Explainer.read(kept.read_text("utf-8"), rows, context.words)
    sides = shown(context, pairs)
    mine = {one.item.cohort_id: {"cohort_id": one.item.cohort_id, **one.mine} for one in sides}
    theirs = {
        one.item.record_id: [{"record_id": one.item.record_id, **v} for v in one.records]
        for one in sides
    }
    return explainer, _as_table(list(mine.values())), _as_table(list(chain(*theirs.values())))


def _as_table(rows: list[dict[str, str | None]]) -> pa.Table:
    """Rows as a table of texts, where nothing is null: an empty text is as missing."""
    return pa.table({name: texts([row.get(name) or "" for row in rows]) for name in rows[0]})
