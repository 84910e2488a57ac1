"""What resolving a register took from the register as a whole, kept so that a later load of it is resolved alike.

Whether two entries are one person depends on weights that were trained, on how common each value is, and on spellings and
placeholders that show in many rows alone. Held fixed, it depends on the two entries, and what did not change need not be looked at
again. As a table it holds names, streets and how often each stands in the register: personal data, kept under the register's key.
"""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pyarrow as pa

from matching import model as models
from matching.arrow import Floats, Hashes, Ints, array, column, texts
from matching.blocking import RULES, Planned, RuleCount
from matching.comparison import FIELDS
from matching.errors import LinkageBroke
from matching.model import ByValue, ValueTable
from matching.normalise import Encoded, ReadAs, Side
from matching.options import LinkOptions
from matching.scoring import Learnt, Scorer

_FORMAT: Final = 3
_WORDS: Final = ("names", "streets", "places")
_COLUMNS: Final = ("part", "key", "value", "text")
_NOTHING: Final = np.empty(0, np.int64)


def maker(options: LinkOptions) -> str:
    """What must be the same for one resolution to go on from another: this version, its comparison and its options."""
    levels = {field.name: list(field.levels) for field in FIELDS}
    given = [_FORMAT, version("doj-release"), levels, options.as_json()]
    return sha256(json.dumps(given, sort_keys=True, default=str).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Remembered:
    """What a resolution learnt.

    Attributes:
        made_by: of `maker`.
        entries: that it was learnt from.
        read_as: how texts became codes.
        bearers: rows of each first name by its code.
    """

    made_by: str
    entries: int
    read_as: ReadAs
    model: models.Model
    rules: list[Planned]
    values: ByValue
    bearers: Ints

    @classmethod
    def of(cls, scorer: Scorer, entries: int) -> "Remembered":
        """Take it from a scorer that has been trained on one table against itself."""
        encoded = scorer.encoded
        assert encoded.read_as is not None
        first = encoded.records.first
        return cls(
            maker(scorer.options),
            entries,
            encoded.read_as,
            scorer.model,
            [_bare(p.rule.name, p.count.cut_values, p.splits, p.given_up) for p in scorer.blocks.rules],
            ByValue.of(encoded.records, scorer.table, scorer.model),
            np.bincount(first[first >= 0], minlength=len(encoded.read_as.words[0])),
        )  # fmt: skip

    def encoded(self, alike: Encoded) -> Encoded:
        """What was read alike, with the bearers of first names counted as then."""
        bearers = np.zeros(len(alike.names.texts) + 1, np.int64)
        bearers[: len(self.bearers)] = self.bearers
        return replace(alike, bearers=bearers)

    def learnt(self, side: Side) -> Learnt:
        """What is known of some rows."""
        return Learnt(self.model, self.values.frequencies(side, self.model), self.rules)

    def table(self) -> pa.Table:
        """All of it as one table: part, key, value, text."""
        parts: dict[str, tuple[Ints, Floats | None]] = {"bearers": (self.bearers, None)}
        if self.read_as.spelling is not None:
            parts["spelling"] = self.read_as.spelling.astype(np.int64), None
        for kind, tables in (("table", self.values.tables), ("people", self.values.people)):
            parts |= {f"{kind} {name}": (one.keys, one.values) for name, one in tables.items()}
        for i, rule in enumerate(self.rules):
            for j, hashes in enumerate((*(keys for keys, _ in rule.splits), rule.given_up)):
                parts[f"rule {i} {j}"] = hashes.view(np.int64), None
        written = [_part("numbers", _NOTHING, None, [json.dumps(self._numbers())])]
        written += [
            _part(n, _NOTHING, None, t) for n, t in zip(_WORDS, self.read_as.words, strict=True)
        ]
        written += [_part(name, keys, values, None) for name, (keys, values) in parts.items()]
        return pa.concat_tables(written)

    def _numbers(self) -> dict[str, object]:
        model, values = self.model, self.values
        return {
            "made_by": self.made_by,
            "entries": self.entries,
            "padded": self.read_as.padded,
            "nobodys": {n: [int(v) for v in known] for n, known in self.read_as.nobodys.items()},
            "model": {
                "m": [m.tolist() for m in model.m],
                "u": [u.tolist() for u in model.u],
                "sizes": model.sizes.tolist(),
                "pairs": model.pairs,
                "same_middle": model.same_middle,
            },
            "rules": [
                {
                    "name": p.rule.name,
                    "splits": [part for _, part in p.splits],
                    "cut_values": p.count.cut_values,
                }
                for p in self.rules
            ],
            "unseen": {n: None if np.isnan(t.unseen) else t.unseen for n, t in values.tables.items()},
            "people": list(values.people),
            "lift": values.lift,
            "total": values.total,
            "dated": values.dated,
        }  # fmt: skip

    @classmethod
    def read(cls, table: pa.Table, options: LinkOptions) -> "Remembered | None":
        """Read what ``table`` wrote; nothing where another version or other options made it.

        Raises:
            LinkageBroke: it is no such table.
        """
        try:
            parts = _parts(table)
            numbers = json.loads(parts["numbers"]["text"][0].as_py())
            if numbers["made_by"] != maker(options):
                return None
            return cls._of_parts(parts, numbers)
        except (KeyError, ValueError, TypeError, IndexError, pa.ArrowException):
            raise LinkageBroke(step="remembered") from None

    @classmethod
    def _of_parts(cls, parts: dict[str, pa.Table], numbers: dict[str, Any]) -> "Remembered":
        def keys(name: str) -> Ints:
            return array(parts[name]["key"]).astype(np.int64) if name in parts else _NOTHING

        def tables(kind: str, unseen: dict[str, float | None]) -> dict[str, ValueTable]:
            return {
                name: ValueTable(
                    keys(f"{kind} {name}"),
                    array(parts[f"{kind} {name}"]["value"]) if f"{kind} {name}" in parts else np.empty(0),
                    float("nan") if value is None else value,
                )
                for name, value in unseen.items()
            }  # fmt: skip

        m = numbers["model"]
        model = models.Model(
            tuple(np.array(x) for x in m["m"]), tuple(np.array(x) for x in m["u"]),
            np.array(m["sizes"]), m["pairs"], m["same_middle"],
        )  # fmt: skip
        rules: list[Planned] = []
        for i, rule in enumerate(numbers["rules"]):
            hashes = [keys(f"rule {i} {j}").view(np.uint64) for j in range(len(rule["splits"]) + 1)]
            splits = list(zip(hashes, rule["splits"], strict=False))
            rules.append(_bare(rule["name"], rule["cut_values"], splits, hashes[-1]))
        words = [parts[n]["text"].to_pylist() if n in parts else [] for n in _WORDS]
        spelling = keys("spelling").astype(np.int32) if "spelling" in parts else None
        read_as = ReadAs(
            (words[0], words[1], words[2]), spelling, numbers["nobodys"], numbers["padded"]
        )
        values = ByValue(
            tables("table", numbers["unseen"]), tables("people", dict.fromkeys(numbers["people"], 0.0)),
            numbers["lift"], numbers["total"], numbers["dated"],
        )  # fmt: skip
        made_by, entries = numbers["made_by"], numbers["entries"]
        return cls(made_by, entries, read_as, model, rules, values, keys("bearers"))


_BY_NAME: Final = {rule.name: rule for rule in RULES}


def _bare(name: str, cut: int, splits: list[tuple[Hashes, str]], given_up: Hashes) -> Planned:
    """A rule as planned, without the keys that were kept of one table."""
    return Planned(_BY_NAME[name], RuleCount(name, cut_values=cut), splits, given_up)


def _part(name: str, keys: Ints, values: Floats | None, text: list[str] | None) -> pa.Table:
    """Rows of one part; what it does not have is null."""
    size = len(keys) if text is None else len(text)
    named = pa.DictionaryArray.from_arrays(column(np.zeros(size, np.int32)), texts([name]))
    columns = [
        named.dictionary_decode(),
        column(keys) if text is None else pa.nulls(size, pa.int64()),
        pa.nulls(size, pa.float64()) if values is None else column(values),
        pa.nulls(size, pa.string()) if text is None else texts(text),
    ]
    return pa.Table.from_arrays(columns, names=list(_COLUMNS))


def _parts(table: pa.Table) -> dict[str, pa.Table]:
    """The parts of a table, whose rows stand together."""
    encoded = table["part"].combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    place = array(encoded.indices)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    names: list[str] = encoded.dictionary.to_pylist()
    return {
        names[place[start]]: table.slice(start, stop - start)
        for start, stop in zip(starts, [*starts[1:], len(place)], strict=True)
    }
