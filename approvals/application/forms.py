"""The two forms, of § 966 and § 965, field by field."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from systems.texts import in_one_line

# a name or title in one line: of an application that was taken earlier, what acts or hides is told
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(in_one_line),
]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=20_000)]
MemberId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
DocumentId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,47}$")]
ProjectNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{3,5}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,47}$")]
Email = Annotated[
    str,
    StringConstraints(
        pattern=r'^[^@\s()<>\[\]:;,\\"\p{C}]{1,64}@[^@\s()<>\[\]:;,\\"\p{C}]+\.[^@\s()<>\[\]:;,\\"\p{C}]{2,}$',
        max_length=254,
    ),
]
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9+() .x-]{7,30}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Year = Annotated[int, Field(ge=1900, le=2200)]

Kind = Literal["identified", "deidentified", "aggregated"]


class Part(BaseModel):
    """A table of the application; ``SECTION`` is the rule that asks for it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    SECTION: ClassVar[str] = "§ 966(b)"


class Years(Part):
    """The first and the last calendar year asked for, both included."""

    SECTION: ClassVar[str] = "§§ 962(b), 965(b)"
    first: Year
    last: Year

    def covers(self, first: int, last: int) -> bool:
        """Whether both years lie inside."""
        return self.first <= first and last <= self.last


class Timeframe(Part):
    """The days between which the data may be obtained, both included; a long one with its reason."""

    SECTION: ClassVar[str] = "§ 964(b)"
    start: date
    end: date
    reason: Prose | None = None


class Researcher(Part):
    """The Bona Fide Researcher."""

    SECTION: ClassVar[str] = "§§ 962(d), 966(b)(3)-(5)"
    member: MemberId
    name: Words
    title: Words
    address: Words
    city: Words
    state: Words
    postal_code: Words
    phone: Phone
    email: Email
    degree: Literal["masters", "doctorate", "professional_doctorate"] | None = None
    degree_field: Words | None = None
    experience: Prose | None = None


class SecurityContact(Part):
    """The institution's information security officer or IT manager."""

    SECTION: ClassVar[str] = "§ 966(b)(7)"
    name: Words
    phone: Phone
    email: Email


class Institution(Part):
    """The Nonprofit Bona Fide Research Institution and its five qualities."""

    SECTION: ClassVar[str] = "§§ 962(k), 966(b)(6)"
    name: Words
    kind: Literal["nonprofit_research_institution", "public_agency", "entity"]
    uc_firearm_violence_center: bool = False  # Pen. Code § 14231.5: "shall" instead of "may"
    tax_exempt: bool | None = None
    formal_instruction: bool | None = None
    faculty_and_curriculum: bool | None = None
    enrolled_students: bool | None = None
    accredited_by: Literal["us_department_of_education", "chea", "none"] | None = None
    evidence: DocumentId
    evidence_expires: date | None = None
    security_contact: SecurityContact


class Funding(Part):
    """Who pays, if anybody does."""

    SECTION: ClassVar[str] = "§ 966(b)(12)(A)(iv)"
    source: Literal["public_grant", "private_grant", "none"]
    name: Words | None = None
    period_start: date | None = None
    period_end: date | None = None


class Outline(Part):
    """The project and its outline."""

    SECTION: ClassVar[str] = "§§ 962(c), 966(b)(8)-(9), (12)(A)"
    title: Words
    anticipated_completion: date
    purposes: Prose
    serves: tuple[Code, ...] = Field(default=(), strict=False)
    data_need: Prose
    benefits: Prose
    design: Prose
    analysis_location: Words
    data_use: Prose
    approval_process: Prose
    problem_in_a_field: bool | None = None
    contributes_to_knowledge: bool | None = None
    scientific_methods: bool | None = None
    publishable_or_policy: bool | None = None
    funding: Funding


class Cohort(Part):
    """Whether the researcher supplies persons, by which right, and how many at most.

    They are matched to the persons whose records these are, or to those that ``linked_role`` names.
    """

    SECTION: ClassVar[str] = "§ 963(a)(3)"
    declared: bool
    source: Code | None = None
    max_rows: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    linked_role: Code | None = None
    linked_role_need: Prose | None = None
    authority: Prose | None = None
    authority_document: DocumentId | None = None
    authority_expires: date | None = None


class Variable(Part):
    """One column asked for, with its need."""

    SECTION: ClassVar[str] = "§ 966(b)(12)(A)(ii)"
    name: Code
    need: Words


class RowRules(Part):
    """How coarse de-identified rows must be, where it is not the Department's own limit.

    ``k`` persons share all quasi-identifiers and the whole history; the shares and chances say how
    much may fall short of that. ``keep`` says how much a column's values are worth, 1 where nothing is said. ``l_diversity`` values of a sensitive column are among
    rows that look alike, their shares within ``t_closeness`` of everybody's. A limit of its own needs its reason.
    """

    SECTION: ClassVar[str] = "§ 964(f)(1)(E)"
    local_suppression: bool = False
    keep: dict[str, Annotated[float, Field(gt=0, le=100)]] = {}
    k: Annotated[int, Field(ge=2, le=1000)] | None = None
    max_share_below: Annotated[float, Field(ge=0, le=1)] | None = None
    max_prosecutor: Annotated[float, Field(gt=0, le=1)] | None = None
    max_marketer: Annotated[float, Field(gt=0, le=1)] | None = None
    l_diversity: Annotated[int, Field(ge=1, le=100)] | None = None
    t_closeness: Annotated[float, Field(gt=0, le=1)] | None = None
    reason: Prose | None = None

    @property
    def has_limit(self) -> bool:
        """Whether anything but the Department's limit is asked for."""
        return not all(
            number is None
            for number in (
                *(self.k, self.max_share_below, self.max_prosecutor, self.max_marketer),
                *(self.l_diversity, self.t_closeness),
            )
        )


class Training(Part):
    """Human-subject protection and ethics training of one person."""

    SECTION: ClassVar[str] = "§ 966(d)"
    on: date
    expires: date | None = None
    certificate: DocumentId


class BackgroundCheck(Part):
    """A person's background check as far as it had come when the application was made."""

    SECTION: ClassVar[str] = "§ 966(e)"
    status: Literal["passed", "failed", "pending"]
    on: date
    expires: date | None = None


class Member(Part):
    """A team member; the researcher is one of them."""

    SECTION: ClassVar[str] = "§§ 962(a),(r), 966(b)(10)"
    id: MemberId
    name: Words
    email: Email
    location: Words
    employment: Literal["employee", "consultant", "independent_contractor"]
    data_analysis: bool
    it: bool
    recipient: bool = False
    training: Training | None = None
    background_check: BackgroundCheck | None = None
    cv: DocumentId | None = None
    acknowledged: date | None = None  # the restrictions of § 964, by this member (policy)


class Irb(Part):
    """The approval by an institutional review board or the State's committee."""

    SECTION: ClassVar[str] = "§ 966(b)(12)(F), (c)"
    body: Literal["institutional_review_board", "committee_for_the_protection_of_human_subjects"]
    number: Words
    approved: date
    expires: date
    approval: DocumentId
    data_security_determined: bool = False


class Security(Part):
    """The signed CJIS security requirements."""

    SECTION: ClassVar[str] = "§ 966(b)(12)(D)"
    officer: Words
    signed: date
    document: DocumentId
    policy_version: Words
    complies_with_listed_laws: bool
    segmented_system: bool
    cloud: bool
    cloud_assurance: Literal["soc2", "fedramp"] | None = None


class Materials(Part):
    """Which relevant research materials there are; each that there is stands among the documents."""

    SECTION: ClassVar[str] = "§ 966(b)(12)(E)"
    proposals: bool
    endorsements: bool
    questionnaires: bool
    other: bool = False

    @property
    def any(self) -> bool:
        """Whether there are some at all."""
        return self.proposals or self.endorsements or self.questionnaires or self.other


class Signatures(Part):
    """The researcher's two signatures and the institution's letter."""

    SECTION: ClassVar[str] = "§ 966(b)(11), (12)(C), (d)"
    application_signed: date
    restrictions_acknowledged: date
    affiliation_letter: DocumentId | None = None


class Document(Part):
    """A document of the application, of one ``member`` where it is; ``sha256`` pins its bytes."""

    SECTION: ClassVar[str] = "§ 966(b)(12)"
    id: DocumentId
    kind: Code
    title: Words
    dated: date | None = None
    expires: date | None = None
    member: MemberId | None = None
    sha256: Sha256 | None = None


class Requester(Part):
    """Who asks for aggregated data: a researcher or any Entity."""

    SECTION: ClassVar[str] = "§§ 962(i), 965(a)"
    kind: Literal["bona_fide_researcher", "ucfc_researcher", "public_agency", "entity"]
    name: Words
    organisation: Words | None = None
    address: Words
    email: Email
    phone: Phone


class Receiver(Part):
    """A person who receives the tables."""

    SECTION: ClassVar[str] = "§ 965(c)"
    id: MemberId
    name: Words
    email: Email


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
    materials: Materials | None = None
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

    @property
    def applicant(self) -> Researcher:
        """Whom letters go to."""
        return self.researcher

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

    @property
    def applicant(self) -> Requester:
        """Whom letters go to."""
        return self.requester

    def recipient_ids(self) -> tuple[MemberId, ...]:
        """The persons who may be given a package."""
        return tuple(r.id for r in self.recipients)


Application = StandardApplication | AggregatedApplication
