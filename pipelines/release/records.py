"""What a stage leaves behind: a record of its files and facts, by which a finished stage is skipped."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.home import write_private
from pipelines.release.errors import StageChanged

FactValue = Any


@dataclass(frozen=True)
class StageRecord:
    """One finished stage: keyed digests of its files and their bytes, facts (counts, codes), seconds."""

    stage: str
    files: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    seconds: float = 0.0
    bytes: int = 0


FileDigest = Callable[[Path], str]
Fetch = Callable[[str, Path], None]
"""Fetches a staged file (stage, path) from where it is kept."""


class Records:
    """The stage records of one run folder.

    Args:
        folder: the run's.
        digest: keyed digest of a file.
        fetch: where staged tables are kept elsewhere and the folder only holds copies.
    """

    def __init__(self, folder: Path, digest: FileDigest, fetch: Fetch | None = None) -> None:
        self._folder = folder
        self._digest = digest
        self._fetch = fetch

    def _path(self, stage: str) -> Path:
        return self._folder / "stages" / f"{stage}.json"

    def keep(
        self,
        stage: str,
        files: Sequence[Path],
        facts: Mapping[str, FactValue],
        seconds: float,
    ) -> StageRecord:
        """Write the record of a stage after all its files are complete."""
        digests = {p.relative_to(self._folder).as_posix(): self._digest(p) for p in files}
        size = sum(p.stat().st_size for p in files)
        record = StageRecord(stage, digests, dict(facts), round(seconds, 3), size)
        write_private(
            self._path(stage),
            json.dumps(
                {
                    "stage": stage,
                    "files": digests,
                    "facts": record.facts,
                    "seconds": record.seconds,
                    "bytes": record.bytes,
                },
                indent=1,
                sort_keys=True,
            ),
        )
        return record

    def read(self, stage: str) -> StageRecord | None:
        """The record of a finished stage, or None where it has not finished."""
        path = self._path(stage)
        if not path.is_file():
            return None
        body = json.loads(path.read_text("utf-8"))
        size = body.get("bytes", 0)
        return StageRecord(body["stage"], body["files"], body["facts"], body["seconds"], size)

    def verified(self, stage: str) -> StageRecord | None:
        """Like :meth:`read`, after checking that every file is still the one recorded.

        Raises:
            StageChanged: a file is missing or differs.
        """
        record = self.read(stage)
        if record is None:
            return None
        for name, digest in record.files.items():
            self._require(stage, self._folder / name, digest)
        return record

    def table(self, stage: str, name: str) -> Path:
        """The file of a staged table; where it is kept elsewhere, the very one that was recorded, each time.

        Raises:
            StageChanged: it is not.
        """
        path = self._folder / stage / f"{name}.parquet"
        record = self.read(stage) if self._fetch is not None else None
        digest = record.files.get(f"{stage}/{name}.parquet") if record else None
        if digest is not None:
            self._require(stage, path, digest)
        return path

    def facts(self, stage: str) -> Mapping[str, FactValue]:
        """The facts that a finished stage recorded, empty where it has not finished."""
        record = self.read(stage)
        return record.facts if record else {}

    def tables(self, stage: str) -> list[Path]:
        """The encrypted tables that a finished stage recorded."""
        record = self.read(stage)
        named = record.files if record else {}
        return [self._folder / name for name in named if name.endswith(".parquet")]

    def _require(self, stage: str, path: Path, digest: str) -> None:
        if self._is(path, digest):
            return
        if self._fetch is None or path.suffix != ".parquet":
            raise StageChanged(stage=stage)
        self._fetch(stage, path)
        if not self._is(path, digest):
            raise StageChanged(stage=stage)

    def _is(self, path: Path, digest: str) -> bool:
        return path.is_file() and self._digest(path) == digest
