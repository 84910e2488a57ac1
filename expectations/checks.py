"""A check, its result and a suite's verdict, as plain frozen data.

A check is stated once, in SQL, in one of two ways:

- ``row``: a boolean over one row of the relation. TRUE breaks the rule, FALSE keeps it, NULL means
  that the rule does not apply to the row (counted as missing).
- ``violations``: a query for one number, or a number already known; for what no single row shows
  (keys, reconciliation, sets of columns, the audit's verdict).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from expectations.errors import ReportBroken, SuiteFileBroken, ValidationFailed

Severity = Literal["critical", "warning"]
Basis = Literal["law", "policy"]
Audience = Literal["both", "department"]
Outcome = Literal["holds", "fails", "nothing"]


@dataclass(frozen=True)
class Exemption:
    """What a check's sentence does not speak of, by a rule of ours: in words, and how many.

    ``words`` read after a number as after *any*: "orders that policy withholds".
    """

    words: str
    count: int


@dataclass(frozen=True)
class Check:
    """One thing that must hold, where it stands, and the SQL that counts its violations.

    Attributes:
        id: Stable name, ``suite.what`` (also the column name that Great Expectations sees).
        title: One sentence in plain words, true when the check holds.
        section: Where it stands, e.g. ``§ 963(a)(3)(A)``; empty when no law says it.
        basis: Whether law or the Department's policy asks for it.
        severity: A failed ``critical`` check stops the release; a ``warning`` is reported.
        row: SQL boolean over one row (``r``) of the relation, or of ``over``, or None.
        violations: SQL for one number (or the number) of violations, or None.
        elements: SQL for one number (or the number) of things examined; None: the relation's rows.
        over: a FROM clause that ``row`` is about in place of the relation (a join); checks over the
            same clause are counted in one pass.
        weight: SQL for the things that one row of ``over`` stands for, where it isn't one.
        audience: ``department`` where the verdict itself tells of the register.
        exempt: what the title does not speak of, with numbers: it is read as a part of the title.

    SQL may say ``<<slice column>>`` as a condition where equal values of that column are all that it
    brings together: large relations are then counted slice by slice, and the sum is the count. Where ``over`` says
    ``<<part column>>``, it names only relations that may come part by part, in the same order (`expectations.sql.InStep`).
    """

    id: str
    title: str
    section: str = ""
    basis: Basis = "policy"
    severity: Severity = "critical"
    row: str | None = None
    violations: str | int | None = None
    elements: str | int | None = None
    over: str | None = None
    weight: str | None = None
    audience: Audience = "both"
    exempt: tuple[Exemption, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a check that states no rule, or two."""
        if (self.row is None) == (self.violations is None):
            raise SuiteFileBroken(check=self.id)


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one check, in counts: elements looked at, among them those it does not apply to."""

    id: str
    title: str
    section: str
    basis: Basis
    severity: Severity
    success: bool
    element_count: int
    unexpected_count: int
    missing_count: int
    audience: Audience = "both"
    exempt: tuple[Exemption, ...] = ()

    @property
    def examined(self) -> int:
        """What the rule was held against: an empty value, or a row it is not about, is none of it."""
        return self.element_count - self.missing_count

    @property
    def outcome(self) -> Outcome:
        """Whether it holds; where nothing was there to examine, neither that nor a violation."""
        return "fails" if not self.success else "holds" if self.examined else "nothing"


@dataclass(frozen=True)
class Validation:
    """The verdict of one suite on one relation. Holds counts and our own words, nothing else.

    ``passed`` is true when every critical check holds. ``rows`` is the relation's row count.
    ``seconds`` is wall time without the import of Great Expectations.
    """

    suite: str
    checks: tuple[CheckResult, ...]
    passed: bool
    rows: int
    seconds: float
    gx_version: str

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The critical checks that do not hold."""
        return tuple(c for c in self.checks if not c.success and c.severity == "critical")

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """The warnings that do not hold."""
        return tuple(c for c in self.checks if not c.success and c.severity == "warning")

    def require(self) -> "Validation":
        """Return self.

        Raises:
            ValidationFailed: A critical check does not hold; names of checks and counts.
        """
        if not self.passed:
            raise ValidationFailed(
                suite=self.suite,
                checks=[c.id for c in self.failed],
                violations=[c.unexpected_count for c in self.failed],
            )
        return self

    def as_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads, ready for ``json.dumps``."""
        return asdict(self) | {"checks": [asdict(c) for c in self.checks]}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> "Validation":
        """Read a stored verdict again (a resumed run).

        Raises:
            ReportBroken: The stored record has another shape, or contradicts itself.
        """
        try:
            checks = tuple(
                CheckResult(**c | {"exempt": tuple(Exemption(**e) for e in c.get("exempt", ()))})
                for c in stored["checks"]
            )
            fields: dict[str, Any] = dict(stored) | {"checks": checks}
            verdict = Validation(**fields)
        except (KeyError, TypeError):
            raise ReportBroken(what="stored validation") from None
        if not checks or verdict.passed != (not verdict.failed):
            raise ReportBroken(what="stored validation")
        return verdict
