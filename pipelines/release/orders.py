"""The order of a release: what a person asked for, pinned, so that a flow needs only its id.

An order holds choices, ids and keyed digests; never a row, a name or a key. It is written once,
by the command line, for the person who acts; a scheduled or remote flow gets the id alone.
"""

import os
import re
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipelines.home import Home, write_private
from pipelines.release.errors import ReleaseUnknown

Kind = Literal["identified", "deidentified", "aggregated"]
_ID = re.compile(r"[A-Za-z0-9-]{3,60}")


class Order(BaseModel):
    """What is to be released; fixed when the release is ordered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str
    project: str
    system: str
    kind: Kind
    snapshot: str
    ordered_on: date
    ordered_by: str
    years: tuple[int, int] | None = None
    only_years: tuple[int, ...] = ()
    cohort_digest: str | None = None
    dimensions: tuple[str, ...] | None = None
    coarser: tuple[str, ...] = ()
    suppress_locally: bool = False
    doubtful: Literal["wait", "exclude"] = "wait"
    dry_run: bool = False
    scheduled: bool = False
    formats: tuple[Literal["stata", "spss", "sas"], ...] = ()


def make_run_folder(home: Home, release: str) -> Path:
    """Make the staging folder of a release that was just ordered."""
    folder = home.runs / release
    folder.mkdir(mode=0o700)
    return folder


def run_folder(home: Home, release: str) -> Path:
    """The staging folder of a release.

    Raises:
        ReleaseUnknown: the id is malformed or has no folder here.
    """
    folder = home.runs / release
    if not _ID.fullmatch(release) or not folder.is_dir():
        raise ReleaseUnknown
    return folder


def write_order(home: Home, order: Order) -> Path:
    """Write ``order.json`` into the run's folder (0600, once)."""
    path = run_folder(home, order.release) / "order.json"
    write_private(path, order.model_dump_json(indent=1))
    path.chmod(0o400)
    return path


def read_order(home: Home, release: str) -> Order:
    """Read an order.

    Raises:
        ReleaseUnknown: there is none.
    """
    path = run_folder(home, release) / "order.json"
    if not os.access(path, os.R_OK):
        raise ReleaseUnknown
    return Order.model_validate_json(path.read_text("utf-8"))
