"""A plan as Arrow tables and back, so that a shard can be worked where the files were not read.

``cohort`` and ``records`` are the sides' columns (``records`` with the frequencies of its values, and those alone where one table is
compared with itself), ``texts`` the vocabularies, ``parts`` what is known of each name, ``rules`` everything else: one JSON text of
numbers (Python writes doubles so that they read back to the same bits) and the hashes of values that rules split or give up. All of
them are personal data.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

import numpy as np
import pyarrow as pa

from matching import model as models
from matching.arrow import Bools, array, column, texts
from matching.blocking import Blocks, Planned, RuleCount, rules_of
from matching.comparison import Comparer
from matching.normalise import Encoded, NameParts, Side, Vocabulary
from matching.scoring.scoring import Scored, ShardPlan

TABLES: Final = ("cohort", "records", "texts", "parts", "rules")
_SCORED: Final = ("a", "b", "log_odds", "guarded", "caught")
_SIDE: Final = tuple(f.name for f in fields(Side) if f.name not in ("rows", "exact"))
_VOCABULARIES: Final = ("names", "streets", "places")
_FREQUENCY: Final = "frequency of "
_EXACT: Final = "exact "
_MADE: Final = b"made"


def plan_tables(plan: ShardPlan) -> dict[str, pa.Table]:
    """The tables of a plan, by their names."""
    encoded = plan.encoded
    frequencies = {f"{_FREQUENCY}{n}": column(t) for n, t in plan.table.by_row.items()}
    words = [getattr(encoded, name).texts for name in _VOCABULARIES]
    parts = {f.name: getattr(encoded.parts, f.name) for f in fields(NameParts)}
    return {
        "cohort": _table(_columns(encoded.cohort)),
        "records": _table(({} if _is_one(encoded) else _columns(encoded.records)) | frequencies),
        "texts": _table(
            {
                "vocabulary": column(np.repeat(np.arange(3, dtype="i1"), [len(w) for w in words])),
                "text": texts([text for list_ in words for text in list_]),
            }
        ),
        "parts": _table(
            {n: column(v.astype("i1") if v.dtype == np.bool_ else v) for n, v in parts.items()}
        ),
        "rules": _rules(plan),
    }


def plan_of(tables: Callable[[str], pa.Table], threads: int | None = None) -> ShardPlan:
    """The plan that ``plan_tables`` took apart; ``threads`` are the reader's own."""
    rules = tables("rules")
    numbers = json.loads(rules["numbers"][0].as_py())
    records = tables("records")
    words, number = tables("texts"), tables("texts")["vocabulary"]
    known = [
        _vocabulary(words["text"].to_pylist(), array(number) == i)
        for i in range(len(_VOCABULARIES))
    ]
    parts = {n: array(tables("parts")[n]) for n in (f.name for f in fields(NameParts))}
    for name in ("single", "foreign"):
        parts[name] = parts[name].astype(np.bool_)
    cohort = _side(tables("cohort"))
    encoded = Encoded(
        cohort,
        cohort if numbers["one_table"] else _side(records),
        known[0],
        NameParts(**parts),
        known[1],
        known[2],
        tuple(numbers["columns"]),
        {},
        {},
        exact=tuple(numbers["exact"]),
        nicknames=tuple(map(tuple, numbers["nicknames"])),
    )
    model = models.Model(
        tuple(np.array(m) for m in numbers["m"]),
        tuple(np.array(u) for u in numbers["u"]),
        np.array(numbers["sizes"]),
        numbers["pairs"],
        numbers["same_middle"],
    )
    names = [n for n in records.column_names if n.startswith(_FREQUENCY)]
    table = models.Frequencies({n.removeprefix(_FREQUENCY): array(records[n]) for n in names})
    blocks = Blocks(
        encoded, _planned(encoded, numbers["rules"], rules), numbers["same_table"], threads
    )
    rows, guards = numbers["shard_rows"], tuple(numbers["never_link"])
    return ShardPlan(encoded, Comparer(encoded), blocks, model, table, rows, guards, threads)


def scored_table(scored: Scored) -> pa.Table:
    """A worked shard as a table; the pairs by rule stand in its schema."""
    columns = {name: getattr(scored, name) for name in _SCORED}
    columns["guarded"] = scored.guarded.view(np.int8)
    found = _table({name: column(values) for name, values in columns.items()})
    return found.replace_schema_metadata({_MADE: json.dumps(scored.made.tolist()).encode()})


def scored_of(table: pa.Table) -> Scored:
    """The shard that ``scored_table`` wrote."""
    metadata: Mapping[bytes, bytes] = table.schema.metadata
    made = np.array(json.loads(metadata[_MADE]), np.int64)
    a, b, odds, guarded, caught = (array(table[name]) for name in _SCORED)
    return Scored(a, b, odds, guarded.astype(np.bool_), caught, made)


def _is_one(encoded: Encoded) -> bool:
    """Whether one table is compared with itself, which is held, and travels, once."""
    return encoded.records is encoded.cohort


def _table(columns: dict[str, pa.Array]) -> pa.Table:
    return pa.Table.from_arrays(list(columns.values()), names=list(columns))


def _columns(side: Side) -> dict[str, pa.Array]:
    own = {f"{_EXACT}{place}": column(values) for place, values in enumerate(side.exact)}
    return {name: column(values) for name, values in side.columns().items()} | own


def _side(table: pa.Table) -> Side:
    columns: dict[str, Any] = {name: array(table[name]) for name in _SIDE}
    own = [name for name in table.column_names if name.startswith(_EXACT)]
    return Side(rows=table.num_rows, **columns, exact=tuple(array(table[n]) for n in own))


def _vocabulary(all_texts: list[str], mine: Bools) -> Vocabulary:
    vocabulary = Vocabulary()
    for place in np.flatnonzero(mine).tolist():
        vocabulary.code(all_texts[place])
    return vocabulary


def _rules(plan: ShardPlan) -> pa.Table:
    """A first row with the numbers, then one for each list of hashes."""
    lists = [np.empty(0, np.uint64)]
    rules: list[dict[str, object]] = []
    for planned in plan.blocks.rules:
        splits = [part for _, part in planned.splits]
        lists += [*(keys for keys, _ in planned.splits), planned.given_up]
        cut = planned.count.cut_values
        rules.append({"name": planned.rule.name, "splits": splits, "cut_values": cut})
    model = plan.model
    numbers = {
        "columns": plan.encoded.columns,
        "exact": plan.encoded.exact,
        "same_table": plan.blocks.same_table,
        "one_table": _is_one(plan.encoded),
        "shard_rows": plan.shard_rows,
        "never_link": plan.never_link,
        "nicknames": plan.encoded.nicknames,
        "m": [m.tolist() for m in model.m],
        "u": [u.tolist() for u in model.u],
        "sizes": model.sizes.tolist(),
        "pairs": model.pairs,
        "same_middle": model.same_middle,
        "rules": rules,
    }
    ends = np.zeros(len(lists) + 1, np.int32)
    np.cumsum([len(keys) for keys in lists], out=ends[1:])
    hashes = pa.ListArray.from_arrays(column(ends), column(np.concatenate(lists)))
    numbers_column = texts([json.dumps(numbers), *[""] * (len(lists) - 1)])
    return _table({"numbers": numbers_column, "hashes": hashes})


def _planned(encoded: Encoded, rules: list[dict[str, Any]], table: pa.Table) -> list[Planned]:
    by_name = {rule.name: rule for rule in rules_of(encoded)}
    lists = iter(table["hashes"].combine_chunks()[1:])
    made: list[Planned] = []
    for rule in rules:
        splits = [(array(next(lists).values), part) for part in rule["splits"]]
        count = RuleCount(rule["name"], cut_values=rule["cut_values"])
        made.append(Planned(by_name[rule["name"]], count, splits, array(next(lists).values)))
    return made
