"""Reviews of doubtful pairs: one cohort row against its candidates, decided by single keys; the only pages with a person's values.

They go to reviewers of the release alone, and to say so is not left to them: every function of the room that keeps reviews asks for
the role, and for the project's own reviewers, again. A path has the release and numbers of our own, never an id of a cohort or a register.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from starlette.responses import Response

from approvals.custody import ROLES, Status
from pipelines.desk.errors import FormUnusable, PageUnknown
from pipelines.desk.web import Pages, Visit
from pipelines.session import today

if TYPE_CHECKING:
    from pipelines.release import KnownReviews, Review, ReviewIndex, ReviewItem

PAGES = Pages("Reviews", "/review")
_ROLES = tuple(sorted(ROLES["review"]))


@PAGES.get("/review", roles=_ROLES, step="review")
def releases(visit: Visit) -> Response:
    """Releases that wait for reviewers, and those whose review can still be looked at."""
    shown = (Status.WAITING_REVIEW, Status.REVIEWED)
    found = [
        state
        for state in visit.session.releases.list()
        if state.status in shown
        and visit.session.person.id
        in (visit.session.projects.reviewers(state.project) or {visit.session.person.id})
    ]
    return visit.page("reviews.html.j2", releases=found)


@PAGES.get("/review/{release}", roles=_ROLES, step="review")
def overview(visit: Visit, release: str) -> Response:
    """How far the review of a release has come, and where to begin."""
    from pipelines.release import REVIEW_FILTERS, review_blocks, review_progress

    found = _review(visit, release)
    filters = {
        name: (len(review_blocks(found, name)), _next(found, name, -1)) for name in REVIEW_FILTERS
    }
    at = review_progress(found)
    order = found.context.order
    used = found.context.records.read("review") is not None
    return visit.page(
        "review_of.html.j2", release=release, filters=filters, progress=at, order=order, used=used
    )


@PAGES.get("/review/{release}/{block}", roles=_ROLES, step="review")
def row(visit: Visit, release: str, block: str) -> Response:
    """One cohort row against its candidates."""
    from matching.review import REASONS
    from pipelines.release import note_review_shown, review_blocks, review_progress, view_block

    found, show = _review(visit, release), _filter(visit)
    at = _block(found, block)
    _once_a_day(visit, release, lambda: note_review_shown(found))
    blocks = review_blocks(found, show)
    those = sorted({*blocks, at})
    before = next((one for one in reversed(those) if one < at), None)
    after = next((one for one in those if one > at), None)
    return visit.page(
        "review_row.html.j2",
        values=True,
        release=release,
        show=show,
        view=view_block(found, at),
        at=those.index(at) + 1,
        of=len(those),
        before=before,
        after=after,
        progress=review_progress(found),
        reasons=REASONS,
        used=found.context.records.read("review") is not None,
    )


@PAGES.post("/review/{release}/undo", roles=_ROLES, step="review")
def take_back(visit: Visit, release: str) -> Response:
    """Take the visitor's last answer back, and lead to its row."""
    from pipelines.release import undo_decision

    key = undo_decision(visit.session, release, known=_known(visit))
    item = _review(visit, release).index.by_key[key]
    told = "Your last answer is taken back; the ledger has both."
    return visit.go(f"/review/{release}/{item.block}?show=open", told)


@PAGES.post("/review/{release}/{block}", roles=_ROLES, step="review")
def say(visit: Visit, release: str, block: str) -> Response:
    """Keep one answer, on a candidate or on one of its entries; leads to what comes next."""
    from pipelines.release import Said, decide_pairs

    show = _filter(visit)
    before = _review(visit, release)
    at = _block(before, block)
    verdict, reason = visit.value("verdict"), visit.value("reason", needed=False)
    note = visit.value("note", longest=2_000, needed=False)
    items = [_item(before.index, text) for text in visit.values("item")]
    if not items:
        raise FormUnusable(field="item")
    said = [Said(item.key, verdict, reason, note, version) for item, version in items]
    words = (
        ""
        if decide_pairs(visit.session, release, said, _known(visit))
        else "This was known: it counts once."
    )
    found = _review(visit, release)
    if not _waits(found, found.index.blocks.get(at, ())):
        return visit.go(_next(found, show, at), words)
    return visit.go(f"/review/{release}/{at}?show={show}", words)


@PAGES.get("/review/{release}/{block}/weights", roles=_ROLES, step="review")
def weights(visit: Visit, release: str, block: str) -> Response:
    """How the weights of a row's pairs came about, of those whose probability the visitor may know."""
    from matching.linking import WeighedPair, drawn_pairs
    from pipelines.release import explain_pairs, view_block

    found = _review(visit, release)
    at = _block(found, block)
    entries = [e for c in view_block(found, at).candidates for e in c.entries]
    known = [e.item for e in entries if e.probability is not None and not e.item.is_row]
    told = explain_pairs(found.context, known) if known else []
    drawn = drawn_pairs(
        [
            WeighedPair(item.cohort_id, item.record_id, item.probability, one)
            for item, one in zip(known, told, strict=True)
        ]
    )
    return visit.page("review_weights.html.j2", values=True, release=release, block=at, pairs=drawn)


def _known(visit: Visit) -> "KnownReviews":
    """What the desk keeps of reviews between requests: ids, numbers, answers; of a cohort's and a register's values none."""
    known: KnownReviews = {}
    return cast("KnownReviews", visit.desk.kept.setdefault("reviews", known))


def _review(visit: Visit, release: str) -> "Review":
    from pipelines.release import look_at_review

    return look_at_review(visit.session, release, _known(visit))


def _block(found: "Review", text: str) -> int:
    """The number of a row, as a path has it.

    Raises:
        PageUnknown: there is none.
    """
    if not (
        text.isascii() and text.isdecimal() and len(text) < 12 and int(text) in found.index.blocks
    ):
        raise PageUnknown
    return int(text)


def _next(found: "Review", show: str, after: int) -> str:
    """The path of the next row of a filter that waits for the visitor, from the beginning again where none comes after.

    Where none of the filter waits, its first; the overview where there is none at all.
    """
    from pipelines.release import review_blocks

    release, blocks = found.context.release, review_blocks(found, show)
    waiting = set(review_blocks(found, "open"))
    blocks = [one for one in blocks if one in waiting] or (blocks if after < 0 else [])
    if not blocks:
        return f"/review/{release}"
    return f"/review/{release}/{next((b for b in blocks if b > after), blocks[0])}?show={show}"


def _waits(found: "Review", items: "tuple[ReviewItem, ...]") -> bool:
    from pipelines.release import review_tasks

    waiting = review_tasks(found)
    return any(item.key in waiting for item in items)


def _filter(visit: Visit) -> str:
    from pipelines.release import REVIEW_FILTERS

    name = visit.asked("show", "open")
    return name if name in REVIEW_FILTERS else "open"


def _item(index: "ReviewIndex", text: str) -> "tuple[ReviewItem, int]":
    """An item, and the version of what was shown of it, as ``17.42``."""
    place, _, version = text.partition(".")
    if not (text.isascii() and place.isdecimal() and version.isdecimal() and len(text) < 30):
        raise FormUnusable(field="item")
    if int(place) >= len(index.items):
        raise FormUnusable(field="item")
    return index.items[int(place)], int(version)


def _once_a_day(visit: Visit, release: str, note: Callable[[], None]) -> None:
    """Have it recorded that pairs are shown, once a day for each release and person."""
    seen = cast("dict[str, object]", visit.desk.kept.setdefault("review.shown", {}))
    key, on = f"{release} {visit.session.person.id}", today()
    if seen.get(key) != on:
        note()
        seen[key] = on
