"""One parser, file after file, and what it may not do."""

import random
import resource
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from errors import CodedError
from tests.fuzz.mutating import mutated
from tests.fuzz.parsers import PARSERS

LONGEST = 20  # s of processor time that a file of at most 1 MiB may take here
_MEMORY = 1 << 20  # KiB by which this process may grow, all files together
_KEPT = 5  # findings of one parser


@dataclass(frozen=True)
class Finding:
    """Bytes that a parser answered wrongly to."""

    parser: str
    data: bytes
    what: str


def run(
    name: str, chance: random.Random, *, seconds: float, files: int | None = None
) -> tuple[int, list[Finding]]:
    """Give a parser its seeds, and then mutated ones until the time or the number of files is over."""
    parser = PARSERS[name]
    seeds = parser.seeds()
    others = [*seeds, b"\0" * 8]
    found: list[Finding] = []
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{parser.ending}"
        end = time.monotonic() + seconds
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        while len(found) < _KEPT and time.monotonic() < end and tried != files:
            data = (
                seeds[tried]
                if tried < len(seeds)
                else mutated(chance.choice(seeds), chance, others)
            )
            tried += 1
            path.write_bytes(data)
            what = _wrong(name, path)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            if what or grown > _MEMORY:
                found.append(Finding(name, data, what or f"takes {grown >> 10} MiB"))
                before += grown
    return tried, found


def _wrong(name: str, path: Path) -> str:
    parser, began = PARSERS[name], time.process_time()
    try:
        parser.parse(path)
    except CodedError as error:
        if not error.code.startswith(tuple(parser.families)):
            return f"another family's error: {error.code}"
        if error.__context__ is not None and not error.__suppress_context__:
            return f"{error.code} with {type(error.__context__).__name__} in its chain"
    except BaseException:  # noqa: BLE001 - whatever it is, it should not be
        return traceback.format_exc(limit=-3)
    took = time.process_time() - began
    return f"takes {took:.0f} s" if took > LONGEST else ""
