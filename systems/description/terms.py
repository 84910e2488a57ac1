"""The law of a data system as its TOML states it: who may ask, with which papers, what never leaves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from systems.description.releases import Described, Name, Source

Kind = Literal["identified", "deidentified", "aggregated"]
FormPart = Literal[
    "researcher_degree", "institution_qualities", "research_criteria", "security", "materials"
]
KINDS: tuple[Kind, ...] = ("identified", "deidentified", "aggregated")


class KindRule(Described):
    """A kind of release that the law knows for this system.

    Attributes:
        held: why this kind is not given until counsel has answered, though the law knows it; empty
            where it is given. A setting opens it.
    """

    kind: Kind
    title: str
    section: str
    description: str = ""
    held: str = ""


class RequesterClass(Described):
    """Who may ask, and for what."""

    name: Name
    title: str
    section: str
    kinds: tuple[Kind, ...]
    note: str = ""


class Purpose(Described):
    """A purpose for which the law lets the data be asked for, with what the law means by it, where it says."""

    name: Name
    title: str
    section: str
    definition: str = ""


class Document(Described):
    """A document or check that must be there before a release of the kinds named.

    Attributes:
        per: one for the project, one for the researcher, or one for every team member.
        hard: without it a release is refused; otherwise it is asked for by policy and a setting
            decides.
    """

    name: Name
    title: str
    section: str
    kinds: tuple[Kind, ...]
    per: Literal["project", "researcher", "member"]
    hard: bool = True
    expires: bool = False
    note: str = ""


class Never(Described):
    """What never leaves, in any kind of release, not even as a reference or a count.

    Attributes:
        columns: the columns that hold it; an output made from one of them is no valid description.
    """

    what: str
    section: str
    columns: tuple[Source, ...]


class Forbidden(Described):
    """What the law does not let into the data at all; a register that holds it is refused whole.

    Attributes:
        header: regular expression (RE2, without regard to case) of column names that announce it;
            words are joined by underscores before it is compared.
        content: regular expression (RE2) that a text with it contains.
        spared: columns whose texts may look like it and be something else.
    """

    name: Name
    what: str
    section: str
    header: str = ""
    content: str = ""
    spared: tuple[Source, ...] = ()


class Question(Described):
    """What counsel must answer, and what the software does until then."""

    about: str
    question: str
    until_then: str


class Condition(Described):
    """One paragraph of the conditions that travel with a package.

    Attributes:
        linked: it stands only where the cohort was matched to these other persons (`LinkedRole`).
        text: may name ``{office}``, ``{threshold}``, ``{expires}``, ``{years}``, ``{system}``,
            ``{system_name}`` and ``{snapshot_id}``.
    """

    head: str
    kinds: tuple[Kind, ...]
    linked: Name | None = None
    text: str


class Record(Described):
    """What one record of the system is, in words that people read.

    Attributes:
        noun: prefix of its columns (``order_county``) and label of its research ids.
        plural: name of the count of records in a table.
        one: with its article, such as "an order".
        person: the person whose records they are, such as "restrained person".
        scope: what limits a project to some records, such as "Order families".
    """

    noun: Name
    plural: Name
    one: str
    person: str
    scope: str

    @property
    def reference(self) -> str:
        """Name of the column with the record's research id."""
        return f"{self.noun}_ref"


class Governed(Described):
    """The part of a system's description that is law.

    Attributes:
        governed_by: what a package's conditions cite as their authority.
        asks: parts of the common application form that this system asks for besides the request
            itself; what its law and page do not know, nobody has to fill in.
        sections: section of CARPOS's regulation, which the software's checks cite → what stands for
            it here. A section that is not listed is no law here: its check stays, as policy. None
            for the system whose regulation it is.
        aggregated_sections: the same where a project has aggregated data alone: what binds those who
            hold individual-level data does not bind it.
    """

    governed_by: str
    asks: tuple[FormPart, ...]
    sections: dict[str, str] | None = None
    aggregated_sections: dict[str, str] = Field(default_factory=dict[str, str])
    kinds: tuple[KindRule, ...]
    requesters: tuple[RequesterClass, ...]
    purposes: tuple[Purpose, ...] = ()
    documents: tuple[Document, ...]
    never: tuple[Never, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    questions: tuple[Question, ...] = ()
    conditions: tuple[Condition, ...] = Field(min_length=1)
    record: Record

    def cite(self, section: str) -> str:
        """What governs here in place of a section of CARPOS's regulation; empty for nothing."""
        if self.sections is None:
            return section
        return self.sections.get(section, "")

    @property
    def given_kinds(self) -> tuple[Kind, ...]:
        """The kinds that the system gives, those held for counsel included."""
        return tuple(rule.kind for rule in self.kinds)

    @property
    def held_kinds(self) -> dict[str, str]:
        """Kinds that are not given until counsel has answered, with why."""
        return {rule.kind: rule.held for rule in self.kinds if rule.held}
