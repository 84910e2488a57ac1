"""What each suite needs to know besides the data. Unknown or missing facts stop the validation.

Relations are names of views or tables in the connection; counts are numbers that another room has
already established (the audit's verdict, the registered number of rows).
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from expectations.checks import Severity
from expectations.drift import Drift
from expectations.errors import ContextWrong

Relation = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Year = Annotated[int, Field(ge=1900, le=2200)]


class Context(BaseModel):
    """Common behaviour: frozen, and closed to unknown facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RegisterContext(Context):
    """A register snapshot: the connection holds one view per table and ``person_index``."""

    on: date


class IntakeContext(Context):
    """A cohort file, all text: the id column and any standard columns.

    ``maximum_rows`` is the number registered for this project's cohort.
    """

    maximum_rows: Annotated[int, Field(ge=0)]
    on: date
    id_column: Relation = "cohort_id"


class LinksContext(Context):
    """Links between ``cohort`` (``cohort_id``) and ``records`` (``record_id``).

    ``identities`` has ``record_id`` and ``identity``: the snapshot's person index. ``parties`` (where the
    cohort is matched to others than those whose records these are) has ``record_id``, ``role``, ``barred`` (a
    child) and ``flagged`` (a confidential record) of everybody on a record, ``roles`` whom it may name. ``reviewed``
    says that a reviewer's decisions are in, which may stand below the threshold.
    """

    cohort: Relation
    records: Relation
    identities: Relation
    cohort_id: Relation = "cohort_id"
    parties: Relation | None = None
    roles: tuple[str, ...] = ()
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.90
    many_rows_per_identity: bool = False
    reviewed: bool = False


class DriftContext(Context):
    """What a suite on an extract needs to know of drift: how far each column moved, and how grave it is."""

    drift: tuple[Drift, ...] = ()
    drift_severity: Severity = "warning"


class IdentifiedContext(DriftContext):
    """An identified extract.

    ``supplied`` holds the intake file's own values: ``row_id`` and the standard columns
    listed in ``supplied_columns``. ``not_attempted`` (optional) holds ``row_id`` of rows that
    must say so. ``linked`` (optional) holds ``cohort_id`` of the rows that a link holds for: no other
    may be matched (a linked row may have no order that leaves). ``columns`` narrows the order columns
    to what this project was approved for. Years are None only where the approval names none.
    """

    supplied: Relation
    supplied_columns: tuple[Relation, ...]
    echo_supplied: bool = True
    families: Annotated[tuple[str, ...], Field(min_length=1)]
    first_year: Year | None
    last_year: Year | None
    not_attempted: Relation | None = None
    linked: Relation | None = None
    columns: tuple[Relation, ...] | None = None


class DeidentifiedContext(DriftContext):
    """A de-identified extract.

    ``expected_rows`` is the number of pairs of person and order in scope, less what our rules leave
    out; ``left_out`` says what and how many. ``coarser`` lists the
    values that local suppression may put into a column besides its codes (a region for a county).
    ``emptied`` says whether local suppression was approved: then a column of which cells were emptied has a companion. ``losses`` (optional) is what local suppression took of each column of each large group of persons
    (of a sex, of a race): the share of its values.
    """

    families: Annotated[tuple[str, ...], Field(min_length=1)]
    first_year: Year | None
    last_year: Year | None
    expected_rows: int | None = None
    left_out: tuple[tuple[str, Annotated[int, Field(ge=0)]], ...] = ()
    coarser: dict[Relation, tuple[str, ...]] = {}
    emptied: bool = False
    losses: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()
    columns: tuple[Relation, ...] | None = None


class AggregatedContext(DriftContext):
    """A table for publication.

    ``falls`` is the audit's verdict: how many hidden cells an attacker can uncover. ``cells``
    (optional) is the table before suppression, with the same dimensions and exact measures, in
    which ``persons`` are counted at the person index's lower bound. ``frozen_years`` went out as they
    had been published before, whatever late records say. ``county_exempt``: policy lets this table
    by county and year alone go out whatever its counts are. ``noise``: persons that a count may be off
    at most where every cell is perturbed, 0 where what is published is exact.
    """

    dims: Annotated[tuple[Relation, ...], Field(min_length=1)]
    first_year: Year
    last_year: Year
    last_full_year: Year
    falls: Annotated[int, Field(ge=0)]
    audited_cells: Annotated[int, Field(ge=0)] = 0
    threshold: Annotated[int, Field(ge=2)] = 10  # persons, § 964(f)(2)
    zeros: Literal["published", "hidden"] = "published"
    orders: Relation = "orders"
    persons: Relation = "persons"
    total: str = "TOTAL"
    cells: Relation | None = None
    frozen_years: tuple[Year, ...] = ()
    county_exempt: bool = False
    noise: Annotated[int, Field(ge=0)] = 0

    @property
    def shown(self) -> str:
        """The status of a cell that is not hidden."""
        return "perturbed" if self.noise else "published"


AnyContext = TypeVar("AnyContext", bound=Context)


def read_context(model: type[AnyContext], given: Mapping[str, Any]) -> AnyContext:
    """Check the facts that a suite was given.

    Raises:
        ContextWrong: A fact is missing, unknown or of the wrong type; names of facts only.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as broken:
        known = set(model.model_fields)
        named = {str(e["loc"][0]) for e in broken.errors(include_input=False) if e["loc"]}
    raise ContextWrong(suite=model.__name__, facts=sorted(n for n in named if n in known)) from None
