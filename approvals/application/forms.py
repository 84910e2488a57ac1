"""The two forms: the standard application of § 966 and the aggregated request of § 965."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from approvals.application.parts import (
    Code,
    Cohort,
    Document,
    Institution,
    Irb,
    Kind,
    Member,
    MemberId,
    Outline,
    Part,
    ProjectNumber,
    Prose,
    Receiver,
    Requester,
    Researcher,
    RowRules,
    Security,
    Signatures,
    Timeframe,
    Variable,
    Years,
)

# A TOML array arrives as a list; only the container is converted, what is in it stays strict.
_LIST = Field(strict=False)
_SOME = Field(strict=False, min_length=1)

Channel = Literal["data_request_process", "email"]


class StandardApplication(Part):
    """The Data Request Standard Application."""

    SECTION: ClassVar[str] = "§ 966(b)"

    form: Literal["standard"]
    request: Literal["new", "modified"]
    modifies: ProjectNumber | None = None
    relies_on: ProjectNumber | None = None
    date_of_request: date
    channel: Channel
    system: Code
    kinds: Annotated[tuple[Kind, ...], _SOME]
    order_scope: Annotated[tuple[Code, ...], _LIST] = ()
    years: Years
    timeframe: Timeframe
    echo_supplied: bool = True
    dimensions: Annotated[tuple[Code, ...], _LIST] = ()
    researcher: Researcher
    institution: Institution
    project: Outline
    cohort: Cohort
    variables: Annotated[tuple[Variable, ...], _LIST] = ()
    rows: RowRules | None = None
    team: Annotated[tuple[Member, ...], _SOME]
    irb: Irb | None = None
    security: Security | None = None
    signatures: Signatures
    documents: Annotated[tuple[Document, ...], _SOME]

    @property
    def requester_class(self) -> str:
        """The class under which the system's terms list the requester (§ 962(d), (i), (k))."""
        if self.institution.kind != "nonprofit_research_institution":
            return self.institution.kind
        center = self.institution.uc_firearm_violence_center  # Pen. Code § 14231.5
        return "ucfc_researcher" if center else "bona_fide_researcher"

    @property
    def title(self) -> str:
        """The project's title."""
        return self.project.title

    def recipient_ids(self) -> tuple[MemberId, ...]:
        """The members who may be given a package."""
        return tuple(m.id for m in self.team if m.recipient)

    def member(self, member_id: str) -> Member | None:
        """The team member with this id."""
        return next((m for m in self.team if m.id == member_id), None)


class AggregatedApplication(Part):
    """The request for aggregated data."""

    SECTION: ClassVar[str] = "§ 965"

    form: Literal["aggregated"]
    request: Literal["new", "modified"] = "new"
    modifies: ProjectNumber | None = None
    date_of_request: date
    channel: Channel
    system: Code
    kinds: Annotated[tuple[Literal["aggregated"], ...], _SOME] = ("aggregated",)
    order_scope: Annotated[tuple[Code, ...], _LIST] = ()
    title: Annotated[str, Field(min_length=1, max_length=300)]
    purpose: Prose
    years: Years
    dimensions: Annotated[tuple[Code, ...], _LIST] = ()
    requester: Requester
    recipients: Annotated[tuple[Receiver, ...], _SOME]

    @property
    def requester_class(self) -> str:
        """The class under which the system's terms list the requester (§ 962(d), (i), (k))."""
        return self.requester.kind

    def recipient_ids(self) -> tuple[MemberId, ...]:
        """The persons who may be given a package."""
        return tuple(r.id for r in self.recipients)


Application = StandardApplication | AggregatedApplication
