"""What is done with each share of an extract before it is staged, here or on another machine: made, and looked at.

A share, what it is looked at for, and what comes of it can each be tables, so that a machine can do it that has neither
register nor approval. Whoever joins the shares decides what their findings mean.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import pyarrow as pa

from extracts.identified import Share
from extracts.package import DataDictionary, FieldDoc, Format, check_formats
from extracts.rows import Hits, content_hits

CHECKS: Final = "checks"
SHARE: Final = tuple(f.name for f in fields(Share))
"""The tables of what all shares need, and of one share."""
_HITS: Final = b"hits"


@dataclass(frozen=True)
class Looked:
    """Rows of an extract, and what in them looks like an identifier."""

    rows: pa.Table = field(repr=False)
    hits: Hits

    def table(self) -> pa.Table:
        """As one table, the findings in its schema."""
        found = json.dumps([[*at, n] for at, n in self.hits.items()])
        return self.rows.replace_schema_metadata({_HITS: found.encode()})

    @classmethod
    def of(cls, table: pa.Table) -> "Looked":
        """What ``table`` made one table of."""
        metadata: Mapping[bytes, bytes] = table.schema.metadata
        found = json.loads(metadata[_HITS])
        hits = {(column, kind): n for column, kind, n in found}
        return cls(table.replace_schema_metadata(None), hits)


@dataclass(frozen=True)
class Checks:
    """What rows are looked at for.

    Attributes:
        formats: that were ordered beside the CSV.
        dictionary: of the extract; its columns decide what those can hold.
        threads: of the database; all cores where none are given.
    """

    formats: tuple[Format, ...]
    dictionary: DataDictionary
    threads: int | None = None

    def look(self, rows: pa.Table) -> Looked:
        """Rows, looked at: what an ordered format can't hold is found now, and not after the approval.

        Raises:
            ExtractFailed: the database gave up.
            FormatCannotHold: names the column, and how many values.
        """
        hits = content_hits(rows, self.threads)
        check_formats(self.formats, self.dictionary, rows)
        return Looked(rows, hits)

    def work(self, share: Share) -> Looked:
        """A share, made and looked at.

        Raises:
            ExtractFailed, FormatCannotHold: see `look` and `Share.extract`.
        """
        return self.look(share.extract())

    def table(self) -> pa.Table:
        """As a table: the system's own words on its columns, no value."""
        told = {"formats": self.formats, "fields": [asdict(f) for f in self.dictionary.fields]}
        return pa.table({CHECKS: [json.dumps(told)]})

    @classmethod
    def of(cls, table: pa.Table, threads: int | None = None) -> "Checks":
        """What ``table`` made a table of; ``threads`` are the reader's own."""
        told = json.loads(table[CHECKS][0].as_py())
        described = DataDictionary("", tuple(_field(one) for one in told["fields"]))
        return cls(tuple(told["formats"]), described, threads)


def _field(told: dict[str, Any]) -> FieldDoc:
    """A column as JSON has it: its pairs are lists there."""
    pairs: dict[str, Any] = {name: tuple(map(tuple, told[name])) for name in ("codes", "missing")}
    return FieldDoc(**{**told, **pairs})


def share_tables(share: Share) -> dict[str, pa.Table]:
    """The tables of a share, by their names."""
    return {name: getattr(share, name) for name in SHARE}


def share_of(tables: Callable[[str], pa.Table]) -> Share:
    """The share that ``share_tables`` took apart."""
    return Share(**{name: tables(name).replace_schema_metadata(None) for name in SHARE})
