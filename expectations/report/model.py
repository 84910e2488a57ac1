"""What a report says, as data: the model behind both editions, and its JSON schema.

Texts are our own words, numbers are counts. No field is meant for a value from a record; nothing
here could check that, so whoever fills the model gives codes, counts and names of columns.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal, Self

import pydantic

from expectations.checks import Audience, Basis, Outcome, Severity

# ``none``: a check that had nothing to examine, so that its sentence is neither shown nor refuted.
Status = Literal["ok", "warn", "fail", "none", "info"]
Edition = Literal["recipient", "department"]
SafeName = Literal["project", "people", "settings", "data", "outputs"]


class Part(pydantic.BaseModel):
    """Common behaviour of every part: frozen, closed to unknown fields."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")


class Exempt(Part):
    """What a sentence does not speak of; the recipient's edition has no number of it (None)."""

    words: str
    count: pydantic.NonNegativeInt | None

    @property
    def in_words(self) -> str:
        """With its number, or whatever it is."""
        return f"any {self.words}" if self.count is None else f"{self.count:,} {self.words}"


def excepting(title: str, exempt: Sequence[Exempt]) -> str:
    """Return a sentence with what it does not speak of; what there is none of is not named."""
    named = [one.in_words for one in exempt if one.count != 0]
    return f"{title}, leaving out {' and '.join(named)}" if named else title


class Item(Part):
    """One thing that was checked or that binds: what, how it stands, and where it is written.

    ``audience`` is ``department`` for what the recipient must not read.
    """

    text: str
    exempt: tuple[Exempt, ...] = ()
    status: Status = "ok"
    section: str = ""
    source: Basis = "law"
    detail: str = ""
    audience: Audience = "both"

    @property
    def sentence(self) -> str:
        """What it says, with its exceptions."""
        return excepting(self.text, self.exempt)


class Safe(Part):
    """One of the Five Safes, with what was checked under it."""

    name: SafeName
    items: tuple[Item, ...] = ()

    @property
    def status(self) -> Status:
        """The worst status of its items."""
        statuses: tuple[Status, ...] = ("fail", "warn", "ok", "none", "info")
        found: set[Status] = {item.status for item in self.items} or {"info"}
        return min(found, key=statuses.index)


class Fact(Part):
    """One labelled number or text of the overview.

    ``persons`` marks a count of people: the recipient's edition masks it between nought and the
    threshold. Facts of one ``group`` add up to something that is shown, so one never stands masked
    alone. A masked count is None. ``note`` stands beside it (its limit), ``status`` how it keeps that.
    """

    label: str
    value: int | str | None
    unit: str = ""
    persons: bool = False
    group: str = ""
    note: str = ""
    status: Status = "info"
    audience: Audience = "both"


class Bar(Part):
    """One bar; ``value`` is None where masked."""

    label: str
    value: pydantic.NonNegativeInt | None
    status: Status = "info"


class Plot(Part):
    """A small bar chart, drawn as a table with bars, so that it reads without seeing it.

    ``additive``: the bars are the parts of one total. ``persons``: they count people.
    """

    title: str
    unit: str
    bars: tuple[Bar, ...] = pydantic.Field(min_length=1)
    persons: bool = False
    additive: bool = False
    note: str = ""
    audience: Audience = "both"


class Interval(Part):
    """An estimate with its interval, e.g. an error rate in percent. For the Department alone."""

    label: str
    value: float
    low: float
    high: float
    unit: str = "%"
    note: str = ""

    @pydantic.model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.value <= self.high:
            raise ValueError("an estimate lies inside its interval")
        return self


class HiddenMap(Part):
    """Which cells of a table are hidden: one letter a cell, one string a row.

    ``p`` published, ``h`` hidden, ``1`` primary, ``2`` secondary, ``.`` no such cell, ``0`` zero.
    The recipient's edition turns 1 and 2 into h.
    """

    title: str
    row_dim: str
    column_dim: str
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    cells: tuple[str, ...]
    note: str = ""

    @pydantic.model_validator(mode="after")
    def _rectangular(self) -> Self:
        right = len(self.cells) == len(self.row_labels) and all(
            len(row) == len(self.column_labels) and set(row) <= set("ph12.0") for row in self.cells
        )
        if not right:
            raise ValueError("one letter for every cell")
        return self


class Grid(Part):
    """A small table of texts and numbers, as they are to be read.

    ``heads`` are as many as each row has cells; the first cell of a row is its name. ``marked`` are cells
    (row, column, from nought) to be looked at.
    """

    title: str
    heads: tuple[str, ...] = pydantic.Field(min_length=2)
    rows: tuple[tuple[str, ...], ...] = pydantic.Field(min_length=1)
    note: str = ""
    marked: tuple[tuple[int, int], ...] = ()
    audience: Audience = "department"

    @pydantic.model_validator(mode="after")
    def _rectangular(self) -> Self:
        if any(len(row) != len(self.heads) for row in self.rows):
            raise ValueError("one cell for every head")
        return self


class ChartRow(Part):
    """One row of a chart: its name, its values (None where hidden), and what places it on a map."""

    label: str
    values: tuple[float | None, ...] = pydantic.Field(min_length=1)
    key: str = ""


class Chart(Part):
    """A chart and the table that says the same. For the Department alone.

    ``heads`` name the rows and each value; ``units`` say of each value whether it is a count or a share from 0 to 1.
    ``paired`` draws two values a row, ``rates`` a rate with its low and high end, ``lines`` one line a value, ``tiles``
    one tile a county (``key`` is its FIPS code).
    """

    id: str = pydantic.Field(pattern=r"^[a-z][a-z-]*$")
    kind: Literal["paired", "rates", "lines", "tiles"]
    title: str
    heads: tuple[str, ...]
    units: tuple[Literal["count", "share"], ...]
    rows: tuple[ChartRow, ...] = pydantic.Field(min_length=1)
    note: str = ""

    @pydantic.model_validator(mode="after")
    def _rectangular(self) -> Self:
        wide = len(self.units)
        right = len(self.heads) == wide + 1 and all(len(r.values) == wide for r in self.rows)
        if not right or wide < {"paired": 2, "rates": 3}.get(self.kind, 1):
            raise ValueError("one value for every head")
        return self


class Notice(Part):
    """One thing that is unusual: what was measured, why it matters, where it is read. For the Department alone.

    ``place`` is the part of the page that shows it; ``weight`` orders the notices.
    """

    text: str
    reason: str
    place: str
    weight: pydantic.NonNegativeFloat


class CheckLine(Part):
    """One check of a suite as the report shows it; counts are None in the recipient's edition.

    ``outcome`` says ``nothing`` where nothing was there to examine; ``holds`` is then true, since
    nothing broke the rule. ``examined`` counts neither what is empty nor what the rule is not about:
    ``not_applicable`` has these.
    """

    suite: str
    id: str
    title: str
    section: str
    source: Basis
    severity: Severity
    holds: bool
    outcome: Outcome
    exempt: tuple[Exempt, ...] = ()
    examined: pydantic.NonNegativeInt | None = None
    violations: pydantic.NonNegativeInt | None = None
    not_applicable: pydantic.NonNegativeInt | None = None
    audience: Audience = "both"

    @property
    def sentence(self) -> str:
        """What it says, with its exceptions."""
        return excepting(self.title, self.exempt)

    @property
    def status(self) -> Status:
        """How it stands, as the page draws it."""
        if self.outcome == "fails":
            return "fail" if self.severity == "critical" else "warn"
        return "ok" if self.outcome == "holds" else "none"


class Tally(Part):
    """How the checks of an edition stand; every place that counts checks counts like this."""

    checks: pydantic.NonNegativeInt
    hold: pydantic.NonNegativeInt
    nothing: pydantic.NonNegativeInt
    warn: pydantic.NonNegativeInt
    fail: pydantic.NonNegativeInt

    @property
    def in_words(self) -> str:
        """Such as ``90 checks: 87 hold, 2 had nothing to examine, 1 warns``."""
        parts = [f"{self.hold:,} hold{'s' * (self.hold == 1)}"]
        parts += [f"{self.nothing:,} had nothing to examine"] * bool(self.nothing)
        parts += [f"{self.warn:,} warn{'s' * (self.warn == 1)}"] * bool(self.warn)
        parts += [f"{self.fail:,} fail{'s' * (self.fail == 1)}"] * bool(self.fail)
        return f"{self.checks:,} check{'s' * (self.checks != 1)}: {', '.join(parts)}"


def tally_of(checks: Iterable[CheckLine]) -> Tally:
    """Count checks by how they stand."""
    statuses = [c.status for c in checks]
    return Tally(
        checks=len(statuses),
        hold=statuses.count("ok"),
        nothing=statuses.count("none"),
        warn=statuses.count("warn"),
        fail=statuses.count("fail"),
    )


class RunFacts(Part):
    """What differs between two runs of the same release: it stands in one marked block.

    ``checkpoint`` is the ledger's root at the time, ``ledger_events`` its size: how much the Department
    does is its own, so the recipient's edition has the root alone.
    """

    release_id: str
    started: str = ""
    finished: str = ""
    seconds: pydantic.NonNegativeFloat | None = None
    validation_seconds: pydantic.NonNegativeFloat | None = None
    checkpoint: str = ""
    ledger_events: pydantic.NonNegativeInt | None = None
    versions: dict[str, str] = {}


class ReportModel(Part):
    """A whole report. ``verdict`` follows from the items and checks and can't be set against them.

    ``more_checks`` says, in the recipient's edition, that the Department's lists others besides.
    """

    schema_version: Literal["1"] = "1"
    edition: Edition = "department"
    project_number: str
    project_title: str
    kind: Literal["identified", "deidentified", "aggregated"]
    system_code: str
    system_name: str
    first_year: int | None = None
    last_year: int | None = None
    scope: tuple[str, ...] = ()
    approved_on: date | None = None
    expires_on: date | None = None
    threshold: int = pydantic.Field(default=10, ge=2)  # people, § 964(f)(2)
    safes: tuple[Safe, ...] = pydantic.Field(min_length=5, max_length=5)
    checks: tuple[CheckLine, ...] = pydantic.Field(min_length=1)
    facts: tuple[Fact, ...] = ()
    plots: tuple[Plot, ...] = ()
    intervals: tuple[Interval, ...] = ()
    maps: tuple[HiddenMap, ...] = ()
    grids: tuple[Grid, ...] = ()
    charts: tuple[Chart, ...] = ()
    attention: tuple[Notice, ...] = ()
    looked_at: tuple[str, ...] = ()  # what the rules of attention looked at and found usual
    provenance: tuple[Fact, ...] = ()
    run: RunFacts
    more_checks: bool = False
    verdict: Literal["pass", "fail"] | None = None

    @pydantic.model_validator(mode="before")
    @classmethod
    def _forget_verdict(cls, given: Any) -> Any:
        known = isinstance(given, dict)
        return {k: v for k, v in given.items() if k != "verdict"} if known else given

    @pydantic.model_validator(mode="after")
    def _decide(self) -> Self:
        if [s.name for s in self.safes] != ["project", "people", "settings", "data", "outputs"]:
            raise ValueError("the five safes, in their order")
        failed = self.failed_checks or any(s.status == "fail" for s in self.safes)
        object.__setattr__(self, "verdict", "fail" if failed else "pass")
        return self

    @property
    def tally(self) -> Tally:
        """How the checks of this edition stand."""
        return tally_of(self.checks)

    @property
    def failed_checks(self) -> tuple[CheckLine, ...]:
        """Critical checks that do not hold."""
        return tuple(c for c in self.checks if not c.holds and c.severity == "critical")

    def as_json(self) -> str:
        """Return the model as JSON text, sorted and indented, ending in a newline."""
        content = self.model_dump(mode="json")
        return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
