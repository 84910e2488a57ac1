"""One decision after another: staged, then recorded, under the lock of the run.

A decision is staged first and then an event by its number, once: whatever stops in between, the next one to look (or the run that goes
on) records what is missing. So none is lost, and none is counted twice.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from approvals.custody import ROLES
from approvals.errors import ReviewerNotNamed
from approvals.ledger import Event, FactValue
from approvals.people import Person, check_role
from errors import nearest
from matching.review import REASONS, VERDICTS
from pipelines.errors import OptionsDisagree
from pipelines.home import locked
from pipelines.release.context import ReleaseContext, release_context
from pipelines.release.errors import (
    DecisionsUsed,
    NothingToReview,
    NothingToUndo,
    PairSettled,
    PairUnknown,
    StalePage,
)
from pipelines.release.orders import run_folder
from pipelines.release.reviewing import asked
from pipelines.release.reviewing.asked import Index, Item, policy_of
from pipelines.release.reviewing.looks import UNDONE, Book, Key, Look, Standing, Word, standings
from pipelines.session import Session, today

_PATIENCE = 5.0  # seconds for which another reviewer's decision may be under way
_NOTE = 2_000  # characters
_KEPT = 4  # releases of which somebody keeps what was read
DECISIONS = ("pair_decided", "row_decided", "decision_undone")  # events
_IN_LEDGER = {"same": "link", "different": "non_link", "unsure": "unsure"}


@dataclass(frozen=True)
class Said:
    """What a reviewer says of one item. ``version`` is that of its standing as they saw it; None where they can't know."""

    key: Key
    verdict: str
    reason: str = ""
    note: str = ""
    version: int | None = None


@dataclass
class Table:
    """The decisions of one release, for one session.

    ``made`` keeps what was worked out of the entries, by a name: it is void when there is one more.
    """

    context: ReleaseContext
    index: Index
    book: Book
    made: dict[str, object] = field(default_factory=dict[str, object], repr=False)
    _found: Mapping[Key, Standing] | None = field(default=None, repr=False)

    def standing(self, key: Key) -> Standing:
        """Where an item stands."""
        return self.standings.get(key, Standing(second=self.index.second.get(key, False)))

    @property
    def standings(self) -> Mapping[Key, Standing]:
        """Where all items stand that somebody has looked at."""
        if self._found is None:
            self._found = self._after(self.book.words, None)
        return self._found

    def add(self, words: Sequence[Word]) -> None:
        """Stage more entries; what was handed out before stays as it was."""
        self._found = self._after(words, self.standings)
        self.book = self.book.with_more(words)
        self.made = {}
        self.book.keep(self.context)

    def _after(
        self, words: Sequence[Word], before: Mapping[Key, Standing] | None
    ) -> dict[Key, Standing]:
        alone = policy_of(self.context) is None
        return standings(words, self.index.second, alone=alone, before=before)


Known = dict[str, tuple[str, str, Table]]
"""For who keeps it between requests: of a release its linkage and its entries, and the table that was read of them."""


def _read(context: ReleaseContext, known: Known | None) -> Table:
    """The table as it is staged, from what is known of it where that is still so."""
    links, entries = asked.linked(context), Book.known(context)
    was = (known or {}).get(context.release)
    index = was[2].index if was and was[0] == links else asked.read(context)
    if was is None or was[:2] != (links, entries) or not entries:
        return Table(context, index, Book.read(context))
    table, recorded = was[2], Book.recorded_in(context)
    book = Book(table.book.words, recorded, table.book.rows)
    return Table(context, index, book, table.made, table.standings)


def _keep(table: Table, known: Known | None) -> None:
    if known is not None:
        while len(known) >= _KEPT and table.context.release not in known:
            known.pop(next(iter(known)), None)
        of = asked.linked(table.context), Book.known(table.context)
        known[table.context.release] = (*of, table)


def check_reviewer(session: Session, release: str) -> None:
    """See that the acting person reviews this release: with the role, and by name where its project names reviewers.

    Raises:
        RoleMissing: they are no reviewer.
        ReviewerNotNamed: others are named.
    """
    check_role(session.person, ROLES["review"])
    named = session.projects.reviewers(release.rpartition("-R")[0])
    if named is not None and session.person.id not in named:
        raise ReviewerNotNamed


@contextmanager
def opened(session: Session, release: str, known: Known | None = None) -> Generator[Table]:
    """The decisions of a release, for a reviewer, under its lock.

    Raises:
        RoleMissing, ReviewerNotNamed: the acting person is no reviewer of it.
        ReleaseUnknown, ReleaseOver, NothingToReview: there is nothing to decide.
        ReleaseHeld: somebody runs it at the moment (exit 8).
    """
    check_reviewer(session, release)
    run_folder(session.home, release)  # of none there is, a lock would make one
    with locked(session.home.runs / release, wait=_PATIENCE):
        context = release_context(session, release)
        asked.check_open(context)
        if not asked.is_prepared(context):
            asked.prepare(context)
        table = _read(context, known)
        if not table.index.items:
            raise NothingToReview(release=release)
        record(table)
        yield table
        _keep(table, known)


def look(session: Session, release: str, known: Known | None = None) -> Table:
    """The decisions of a release as they stand, for a reviewer who reads; only what is not prepared yet is made under the lock.

    Raises:
        RoleMissing, ReviewerNotNamed, ReleaseUnknown, ReleaseOver, NothingToReview, ReleaseHeld: as `opened`.
    """
    check_reviewer(session, release)
    context = release_context(session, release)
    asked.check_open(context)
    if not asked.is_prepared(context):
        with opened(session, release, known) as table:
            return table
    table = _read(context, known)
    if not table.index.items:
        raise NothingToReview(release=release)
    _keep(table, known)
    return table


def decide(session: Session, release: str, said: Sequence[Said], known: Known | None = None) -> int:
    """Keep what the acting person says of one or several items (the entries of one person); how many of them are new.

    Raises:
        DecisionsUsed: the run has gone on with what was decided.
        StalePage: somebody else decided on it since it was shown.
        PairSettled: it is settled by others.
        PairUnknown: it is not asked.
        OptionsDisagree: no such verdict or reason.
    """
    with opened(session, release, known) as table:
        before = is_settled(table)
        new = take(table, said)
        if not before and is_settled(table):
            conclude(table, "review_settled")
        return new


def conclude(table: Table, kind: str, **facts: FactValue) -> None:
    """Record that the run can go on."""
    found = [verdict for one in table.standings.values() if (verdict := one.verdict)]
    facts = {"links": found.count("same"), "non_links": found.count("different"), **facts}
    session, release = table.context.session, table.context.release
    session.releases.record(release, kind, facts, actor=session.person, once=False)


def undo_decision(
    session: Session, release: str, key: Key | None = None, known: Known | None = None
) -> Key:
    """Take the acting person's decision on an item back, or the last one that can be; which it was.

    Raises:
        NothingToUndo: they have none, or another person has looked at it since.
        DecisionsUsed: the run has gone on with it.
    """
    with opened(session, release, known) as table:
        check_unused(table.context)
        person = session.person.id
        found = table.standings
        mine = [w for one in found.values() if one.words and (w := one.words[-1]).by == person]
        mine = [word for word in mine if key is None or word.key == key]
        if not mine:
            raise NothingToUndo
        last = max(mine, key=lambda word: word.number)
        back = replace(last, number=table.book.last + 1, verdict=UNDONE, reason="", note="")
        before = is_settled(table)
        table.add([back])
        record(table)
        if before:
            session.releases.record(
                release,
                "review_requested",
                {"pairs": pairs_of(table)},
                actor=session.person,
                once=False,
            )
        return back.key


def take(table: Table, said: Sequence[Said]) -> int:
    """Keep decisions of the acting person in one step; how many said something new."""
    context, person = table.context, table.context.session.person
    found = table.standings
    new: list[Word] = []
    for one in said:
        _check_said(table, one)
        standing = found.get(one.key, Standing(second=table.index.second[one.key]))
        if one.version is not None and one.version != standing.version:
            raise StalePage(decided=bool(standing.words))
        look = look_of(
            standing, person, alone=policy_of(context) is None, demo=context.session.demo
        )
        own = standing.words[-1] if standing.words else None
        if look is None:
            raise PairSettled
        number, note = table.book.last + len(new) + 1, one.note[:_NOTE]
        second = table.index.second[one.key] and (
            one.key[1][0] != "=" or one.verdict == "different"
        )
        word = Word(number, *one.key, one.verdict, one.reason, note, person.id, look, second)
        if own is None or own.by not in ("", person.id) or _meaning(own) != _meaning(word):
            new.append(word)
    if new:
        check_unused(context, new, found)
        table.add(new)
        record(table)
    return len(new)


def look_of(standing: Standing, person: Person, *, alone: bool, demo: bool) -> Look | None:
    """As what a person may look at an item now: first, second, to settle it; None where it is not theirs any more."""
    words = standing.words
    own = standing.of(person.id)
    if alone or not words:
        return "first"
    if words[-1].by == person.id:  # may change their mind until somebody else looks
        return words[-1].look
    if standing.task == "adjudicate":
        return "adjudication" if own is None or demo else None
    if own is None and len(words) == 1:
        return "second"
    return None


def check_unused(
    context: ReleaseContext, new: Sequence[Word] = (), found: Mapping[Key, Standing] | None = None
) -> None:
    """See that the run has not gone on with what was decided.

    Raises:
        DecisionsUsed: it has.
    """
    if context.records.read("review"):
        changed = sum(1 for word in new if (found or {}).get(word.key, Standing()).words)
        raise DecisionsUsed(new=len(new) - changed, changed=changed)


def record(table: Table) -> None:
    """Record every decision that the ledger does not have yet, under the name of who made it."""
    context, book = table.context, table.book
    missing = [word for word in book.words if word.number > book.recorded]
    for word in missing:
        kind, facts = in_ledger(context, word)
        context.session.releases.record_decision(context.release, kind, facts, word.by, word.number)
    if missing:
        table.book = book.all_recorded(context)


def in_ledger(context: ReleaseContext, word: Word) -> tuple[str, dict[str, FactValue]]:
    """The event of an entry: by a keyed digest of the pair, never with a reason or a note."""
    row = word.record_id.startswith("=")
    digest = context.session.keyring.digest(
        "pair", f"{word.cohort_id}\x00{word.record_id}".encode()
    )
    facts: dict[str, FactValue] = {"pair": digest, "number": word.number}
    if word.verdict == UNDONE:
        return "decision_undone", facts
    facts |= {"look": word.look, "second": word.second}
    if row:
        return "row_decided", {**facts, "decision": word.verdict}
    return "pair_decided", {**facts, "decision": _IN_LEDGER[word.verdict]}


def is_settled(table: Table) -> bool:
    """Whether nothing is open any more."""
    found = table.standings
    if len(found) < pairs_of(table):
        return False
    return all(
        (at := found.get(item.key)) is not None and at.task == "settled"
        for item in table.index.items
        if counts(table, item)
    )


def counts(table: Table, item: Item) -> bool:
    """Whether the run waits for an item: pairs, and withheld rows where the order says so."""
    policy = policy_of(table.context)
    return not item.is_row or (policy is not None and policy.alike == "wait")


def pairs_of(table: Table) -> int:
    """How many pairs are asked."""
    return table.index.pairs


def _check_said(table: Table, one: Said) -> None:
    if one.key not in table.index.by_key:
        raise PairUnknown
    if one.verdict not in VERDICTS:
        raise OptionsDisagree(
            option="a verdict is same, different or unsure", **nearest(one.verdict, VERDICTS)
        )
    if one.reason and one.reason not in REASONS:
        raise OptionsDisagree(option="a reason of the list", **nearest(one.reason, REASONS))


def _meaning(word: Word) -> tuple[str, str, str]:
    return word.verdict, word.reason, word.note


def note_shown(table: Table) -> None:
    """Record that a release's pairs are shown to the acting person, once a day."""
    context, person = table.context, table.context.session.person
    on = today().isoformat()
    facts: dict[str, FactValue] = {"on": on}
    key = f"{context.release}:shown:{person.id}:{on}"
    event = Event("review_shown", person.id, context.order.project, context.release, facts, key)
    context.session.ledger.append(event)
