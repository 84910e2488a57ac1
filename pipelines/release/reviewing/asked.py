"""What reviewers are asked of one release: staged once, so that the next pair is found without the register.

An index of small columns says which pairs there are; their values lie beside it in parts, of which one is read at a time.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from approvals.custody import OUT, Status
from extracts.rows import compute as pc
from matching.arrow import column
from matching.errors import LinkageBroke
from matching.review import Asked, ask
from pipelines.release.context import ReleaseContext
from pipelines.release.errors import NothingToReview, ReleaseOver
from pipelines.release.orders import ReviewPolicy
from pipelines.release.reviewing.looks import Key
from systems import database

STAGE = "asked"
ALIKE = "looks_like_another_row"
_OVER = OUT | {Status.WITHDRAWN, Status.DESTROYED}
_BITS = 48  # of a digest, by which a second look is drawn
_PART = 64  # pairs whose values are read together

_SCHEMA = pa.schema(
    [
        ("cohort_id", pa.string()), ("record_id", pa.string()), ("probability", pa.float64()),
        ("block", pa.int32()), ("question", pa.int32()), ("identity", pa.int64()),
        ("tie", pa.bool_()), ("second", pa.bool_()), ("no_birth", pa.bool_()), ("family", pa.bool_()),
    ]
)  # fmt: skip
_VALUES = pa.schema([("place", pa.int32()), ("body", pa.string())])


@dataclass(frozen=True)
class Item:
    """One thing that is asked, without values.

    Attributes:
        place: among all of them, from 0.
        cohort_id: the row.
        record_id: the record's id as text; ``=`` and a group's number for a row that looks like others of that group.
        probability: after competition; that of the group's surest reason for a row.
        block: what is shown together: a cohort row with its candidates, or a group of rows.
        question: pairs of one question are decided on together.
        identity: the person of the register; -1 for a row.
        tie, no_birth, family: see `matching.review.Asked`.
        second: a second person has to look.
    """

    place: int
    cohort_id: str
    record_id: str
    probability: float
    block: int
    question: int
    identity: int
    tie: bool
    second: bool
    no_birth: bool
    family: bool

    @cached_property
    def key(self) -> Key:
        """By which decisions name it."""
        return self.cohort_id, self.record_id

    @cached_property
    def is_row(self) -> bool:
        """Whether it is a withheld row, not a pair."""
        return self.record_id.startswith("=")


@dataclass(frozen=True)
class WithheldRow:
    """A row of the cohort that looks like another one, in its group; ``probability`` of the surest reason."""

    cohort_id: str
    group: int
    probability: float


@dataclass(frozen=True)
class Shown:
    """An item with its values. It holds personal values."""

    item: Item
    mine: Mapping[str, str | None]
    theirs: Mapping[str, str | None]
    variants: Sequence[Mapping[str, str | None]]
    at: int = 0

    @property
    def records(self) -> list[Mapping[str, str | None]]:
        """All variants of the record, in the linkage's order."""
        return [*self.variants[: self.at], self.theirs, *self.variants[self.at :]]


@dataclass(frozen=True)
class Index:
    """All items of a release, in their order: pairs by the links' order, then rows."""

    items: tuple[Item, ...]

    @cached_property
    def by_key(self) -> Mapping[Key, Item]:
        """Items by what decisions call them."""
        return {item.key: item for item in self.items}

    @cached_property
    def blocks(self) -> Mapping[int, tuple[Item, ...]]:
        """Items that are shown together."""
        found: dict[int, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.block, []).append(item)
        return {block: tuple(items) for block, items in found.items()}

    @cached_property
    def second(self) -> Mapping[Key, bool]:
        """Whether a second person has to look, by key."""
        return {item.key: item.second for item in self.items}

    @cached_property
    def pairs(self) -> int:
        """How many of them are pairs."""
        return sum(not item.is_row for item in self.items)


def check_open(context: ReleaseContext) -> None:
    """See that a release is not over: its tables are gone then, and with them their key.

    Raises:
        ReleaseOver: it is released, withdrawn or destroyed.
        NothingToReview: it was not linked yet.
    """
    status = context.state.status
    if status in _OVER:
        raise ReleaseOver(status=str(status))
    if not context.staging.has("match", "links"):
        raise NothingToReview(release=context.release)


def policy_of(context: ReleaseContext) -> ReviewPolicy | None:
    """By which rules the release is reviewed; None for an order of before there were any."""
    return context.order.review


def prepare(context: ReleaseContext) -> Index:
    """The index; made first where the links are other ones than it was made of. For the holder of the run's lock.

    Raises:
        NothingToReview: nothing is asked.
    """
    if not is_prepared(context):
        _stage(context, linked(context))
    index = read(context)
    if not index.items:
        raise NothingToReview(release=context.release)
    return index


def is_prepared(context: ReleaseContext) -> bool:
    """Whether the index is there and of these links."""
    return context.facts(STAGE).get("links") == linked(context)


def read(context: ReleaseContext) -> Index:
    """The index as it is staged."""
    table = context.staging.read(STAGE, "index")
    columns = (table[name].to_pylist() for name in _SCHEMA.names)
    return Index(tuple(Item(n, *row) for n, row in enumerate(zip(*columns, strict=True))))


def shown(context: ReleaseContext, items: Sequence[Item]) -> list[Shown]:
    """The values of some items, in their order."""
    wanted = column(np.array([item.place for item in items], np.int32))
    table = context.staging.some(
        STAGE,
        "values",
        ["place", "body"],
        "place",
        lambda places: pc.is_in(places, value_set=wanted),
    )
    bodies = dict(zip(table["place"].to_pylist(), table["body"].to_pylist(), strict=True))
    return [Shown(item, **json.loads(bodies[item.place])) for item in items]


def withheld_rows(context: ReleaseContext, policy: ReviewPolicy | None) -> list[WithheldRow]:
    """Rows that a reviewer may settle: of groups no larger than the policy allows."""
    if policy is None or not policy.alike_rows or not context.staging.has("intake", "alike"):
        return []
    rows = [
        WithheldRow(*row.values()) for row in context.staging.read("intake", "alike").to_pylist()
    ]
    sizes: dict[int, int] = {}
    for row in rows:
        sizes[row.group] = sizes.get(row.group, 0) + 1
    return [row for row in rows if sizes[row.group] <= policy.alike_rows]


def linked(context: ReleaseContext) -> str:
    """By what the staged links are known: their digest, as it was recorded."""
    record = context.records.read("match")
    return str(record.files.get("match/links.parquet", "")) if record else ""


def _stage(context: ReleaseContext, of: str) -> None:
    policy = policy_of(context)
    cohort = _cohort(context)
    asked = _asked(context, cohort)
    items = [_drawn(context, policy, one, n) for n, one in enumerate(asked)]
    bodies = [_body(one.mine, one.theirs, one.variants, one.at) for one in asked]
    rows = withheld_rows(context, policy)
    if rows:
        first = (items[-1].block + 1, items[-1].question + 1) if items else (0, 0)
        items += [_row(row, len(asked) + n, first, policy) for n, row in enumerate(rows)]
        wanted = pc.is_in(cohort["cohort_id"], value_set=pa.array([r.cohort_id for r in rows]))
        values = {r.pop("cohort_id"): r for r in cohort.filter(wanted).to_pylist()}
        bodies += [_body(values[row.cohort_id], {}) for row in rows]
    columns = ([getattr(item, name) for item in items] for name in _SCHEMA.names)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)]
    index = context.staging.write(STAGE, "index", pa.Table.from_arrays(arrays, schema=_SCHEMA))
    places = pa.array(range(len(bodies)), pa.int32())
    table = pa.table([places, pa.array(bodies, pa.string())], schema=_VALUES)
    body = context.staging.write_parts(STAGE, "values", table, _PART)
    facts = {"links": of, "items": len(items)}
    context.records.keep(STAGE, (index, body), facts, 0.0)
    context.staging.upload(STAGE)


def _body(
    mine: Mapping[str, object],
    theirs: Mapping[str, object],
    variants: Iterable[object] = (),
    at: int = 0,
) -> str:
    return json.dumps({"mine": mine, "theirs": theirs, "variants": list(variants), "at": at})


def _drawn(context: ReleaseContext, policy: ReviewPolicy | None, one: Asked, place: int) -> Item:
    """An item of a pair; whether a second person looks at it is drawn by the home's key: nobody can say before, nor steer it."""
    second = False
    if policy is not None and policy.second_share and not policy.alone:
        drawn = f"{context.release}\x00{one.cohort_id}\x00{one.identity}".encode()
        digest = context.session.keyring.digest("second look", drawn)
        second = one.tie or int(digest, 16) >> (256 - _BITS) < policy.second_share * (1 << _BITS)
    return Item(
        place, one.cohort_id, one.record_id, one.probability, one.row, one.question, one.identity,
        one.tie, second, one.no_birth, one.family,
    )  # fmt: skip


def _row(row: WithheldRow, place: int, first: tuple[int, int], policy: ReviewPolicy | None) -> Item:
    block, question = first[0] + row.group, first[1] + row.group
    alone = policy is None or policy.alone
    return Item(
        place, row.cohort_id, f"={row.group}", row.probability, block, question, -1,
        False, not alone, False, False,
    )  # fmt: skip


def _cohort(context: ReleaseContext) -> pa.Table:
    supplied = context.staging.read("intake", "supplied").drop_columns(["row_number"])
    return supplied.rename_columns(["cohort_id", *supplied.column_names[1:]])


def _asked(context: ReleaseContext, cohort: pa.Table) -> list[Asked]:
    links = context.staging.read("match", "links")
    pairs = links.filter(pc.equal(links["decision"], "review"))
    if not pairs.num_rows:
        return []
    rows = pc.is_in(links["cohort_id"], value_set=pairs["cohort_id"].combine_chunks())
    with context.snapshot.connect(context.threads) as con:
        con.register("pairs", pairs.select(["record_id"]))
        con.register("listed", pa.table({"record_id": links["record_id"], "near": rows}))
        with database.guarded(LinkageBroke, step="review"):
            records = con.sql(
                'SELECT DISTINCT * EXCLUDE (role, "group") FROM linkage_records SEMI JOIN pairs USING (record_id)'
                " ORDER BY ALL"
            ).to_arrow_table()
            persons = con.sql(
                "SELECT DISTINCT i.record_id, i.identity FROM person_index i JOIN listed l USING (record_id) WHERE l.near"
                " OR i.identity IN (SELECT identity FROM person_index SEMI JOIN pairs USING (record_id))"
            ).to_arrow_table()
    ids = zip(*(persons[n].to_pylist() for n in ("record_id", "identity")), strict=True)
    unknown = {str(record): -n for n, record in enumerate(pairs["record_id"].to_pylist(), start=2)}
    identities = unknown | {str(record): identity for record, identity in ids}
    near = pc.is_in(links["record_id"], value_set=persons["record_id"].combine_chunks())
    wanted = pc.is_in(cohort["cohort_id"], value_set=pairs["cohort_id"].combine_chunks())
    return ask(links.filter(near), identities, cohort.filter(wanted), records)
