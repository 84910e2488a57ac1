"""Coarser rows that a project's limit would allow, each with what it would leave.

Nothing is released here. Every proposal is made and measured like the release itself: with the
coarser columns that the system's file describes, with local suppression, or with both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from extracts.deidentified.local_suppression import suppress_locally
from extracts.deidentified.risk import RiskLimit, RiskReport, risk_report
from extracts.identified import Extract
from extracts.rows import plan_for
from systems.description import System

LEVELS = ("dates", "all")  # what ``--coarser`` takes besides names of columns
Make = Callable[[tuple[str, ...]], Extract]


@dataclass(frozen=True)
class RowProposal:
    """One way to make the rows coarser.

    Attributes:
        level: the value of ``--coarser`` of ``run``: nothing, ``dates`` or ``all``.
        coarser: the columns that it makes coarser.
        local: whether rare histories lose cells.
        passes: whether the limit is kept.
        risk: the risk that is left.
        persons: persons who stay; ``of_persons`` without local suppression.
        rows: rows that stay.
        values_kept: share of the quasi-identifiers' values that stay, 0 to 1.
    """

    level: str
    coarser: tuple[str, ...]
    local: bool
    passes: bool
    risk: RiskReport
    persons: int
    of_persons: int
    rows: int
    values_kept: float

    @property
    def options(self) -> str:
        """The options of ``run`` that carry it out."""
        parts = [f"--coarser {self.level}"] if self.level else []
        return " ".join([*parts, "--suppress-locally"] if self.local else parts)

    def as_json(self) -> dict[str, object]:
        """Flat, for a table: what to say to ``run`` and what it would leave."""
        return {
            "options": self.options,
            "k": self.risk.history.smallest,
            "share below": round(self.risk.share_below, 4),
            "persons": self.persons,
            "persons left out": self.of_persons - self.persons,
            "rows": self.rows,
            "values kept": round(self.values_kept, 3),
        }


def propose(
    system: System, make: Make, columns: Sequence[str], limit: RiskLimit
) -> tuple[RowProposal, ...]:
    """Return what was tried, what passes first, then what keeps most values.

    Args:
        system: the data system.
        make: makes the extract with the columns it is given.
        columns: the columns that were asked for.
        limit: what the project may bear.

    Raises:
        CodedError: see ``deidentified.build_deidentified`` and ``suppress_locally``.
    """
    known = system.rows("deidentified").coarser
    tried: set[tuple[str, ...]] = set()
    found: list[RowProposal] = []
    for level in ("", *LEVELS):
        coarser = tuple(n for n in level_columns(system, level) if n in columns)
        wanted = replaced(columns, coarser, known)
        if wanted not in tried:
            tried.add(wanted)
            made = make(wanted)
            for local in (False, True) if coarser else (True,):
                one = _measured(system, made, wanted, limit, local=local)
                found.append(replace(one, level=level, coarser=coarser))
    return tuple(sorted(found, key=lambda p: (not p.passes, -p.rows * p.values_kept, p.options)))


def replaced(
    columns: Sequence[str], coarser: Sequence[str], known: dict[str, str]
) -> tuple[str, ...]:
    """Columns with some of them replaced by their coarser versions, each once."""
    return tuple(dict.fromkeys(known[n] if n in coarser else n for n in columns))


def level_columns(system: System, level: str) -> tuple[str, ...]:
    """The columns with a coarser version that a level stands for: all, the dates, or none."""
    release = system.rows("deidentified")
    if level == "dates":
        return tuple(n for n in release.coarser if release.column(n).type in {"date", "month"})
    return tuple(release.coarser) if level == "all" else ()


def _measured(
    system: System,
    made: Extract,
    wanted: tuple[str, ...],
    limit: RiskLimit,
    *,
    local: bool,
) -> RowProposal:
    plan = plan_for(system, "deidentified", wanted)
    table, out, lost = made.table, 0, 0
    if local:
        done = suppress_locally(table, plan.quasi_identifiers, plan.gives_way, limit.k)
        table, out, lost = done.table, done.persons_left_out, sum(done.cells.values())
    report = risk_report(table, plan.quasi_identifiers, threshold=limit.k)
    values = made.table.num_rows * len(plan.quasi_identifiers)
    kept = table.num_rows * len(plan.quasi_identifiers) - lost
    return RowProposal(
        "",
        (),
        local,
        not limit.exceeded(report),
        report,
        made.persons - out,
        made.persons,
        table.num_rows,
        kept / values if values else 1.0,
    )
