"""Every clock that an event starts, as one table: §§ 964, 966, 967 and 968 in rows.

A clock starts with an event, runs so many business or calendar days, and stops with one of the
events that answer it. Clocks that hang on a date instead (expirations) are in ``deadlines``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from approvals.clocks.calendars import Calendar, Counting
from approvals.ledger import Entry

Party = Literal["Department", "researcher", "institution", "appeal officer's addressee"]
Days = Literal["department", "waiting"]  # business days, on the calendar of ``Counting``
_DEPARTMENT: Days = "department"
_WAITING: Days = "waiting"

BREACH_LETTER_FROM = 500  # individuals whose PII a breach affects, § 964(k)(2)


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock.

    Args:
        name: short id, also of the notices.
        rule: C-number.
        section: of the regulation.
        what: what must be done, in words.
        for_whom: whose duty or right it is.
        starts: kind of the event that starts it.
        days: how many.
        business: business days on this calendar; None means calendar days.
        stops: kinds of events that answer it.
        same: facts, by spaces, by which start and stop belong together, as far as the stop has them.
        when: fact → values that the start must have.
        at_least: fact → smallest number that the start must have.
        stop_when: fact → values that the answer must have.
        party_files: a party's filing that ends on a closed day moves to the next open one
            (Gov. Code § 6800); the Department's duties don't.
        right: a right or a wait that ends, no duty that can be overdue.
    """

    name: str
    rule: str
    section: str
    what: str
    for_whom: Party
    starts: str
    days: int
    business: Days | None = None
    stops: tuple[str, ...] = ()
    same: str | None = None
    when: tuple[str, tuple[str, ...]] | None = None
    at_least: tuple[str, int] | None = None
    stop_when: tuple[str, tuple[str, ...]] | None = None
    party_files: bool = False
    right: bool = False

    def started_by(self, entry: Entry) -> bool:
        """Whether this event starts the clock."""
        facts: Mapping[str, Any] = entry.facts
        return (
            entry.kind == self.starts
            and (self.when is None or facts.get(self.when[0]) in self.when[1])
            and (self.at_least is None or facts.get(self.at_least[0], 0) >= self.at_least[1])
        )

    def stopped_by(self, start: Entry, entry: Entry) -> bool:
        """Whether a later event answers the one that started it."""
        if entry.kind not in self.stops:
            return False
        if (
            self.stop_when is not None
            and entry.facts.get(self.stop_when[0]) not in self.stop_when[1]
        ):
            return False
        shared = [name for name in (self.same or "").split() if name in entry.facts]
        return all(start.facts.get(name) == entry.facts[name] for name in shared)

    def calendar(self, counting: Counting) -> Calendar | None:
        """The calendar of its business days; None for calendar days."""
        if self.business is None:
            return None
        return counting.department if self.business == "department" else counting.waiting

    def due(self, start: date, counting: Counting) -> tuple[date, tuple[date, ...]]:
        """The last day, and the business days counted (none for calendar days)."""
        calendar = self.calendar(counting)
        if calendar is not None:
            return calendar.after(start, self.days)
        day = start + timedelta(days=self.days)
        return (counting.department.on_or_after(day) if self.party_files else day), ()


_FINDING = ("finding", ("identity", "purpose_related", "purpose_unrelated"))

CLOCKS: tuple[Clock, ...] = (
    Clock("transfer_answer", "C-19", "§ 964(c)", "answer the transfer request", "Department",
          "transfer_requested", 10, _DEPARTMENT, ("transfer_answered",), "request"),
    Clock("publication_wait", "C-24", "§ 964(g)", "earliest publication of the draft", "researcher",
          "draft_received", 10, _WAITING, ("draft_reviewed",), "draft",
          stop_when=("finding", ("identity",)), right=True),
    Clock("draft_review", "C-25", "§ 964(g)", "review and comment on the draft; notify of any"
          " identity finding", "Department", "draft_received", 10, _DEPARTMENT,
          ("draft_reviewed",), "draft"),
    Clock("draft_appeal", "C-29", "§ 964(h)(1)", "appeal the finding on the draft", "researcher",
          "draft_reviewed", 10, None, (), "draft", _FINDING, party_files=True, right=True),
    Clock("transfer_appeal", "C-29", "§ 964(h)(1)", "appeal the refused transfer", "researcher",
          "transfer_answered", 10, None, (), "request", ("outcome", ("denied",)),
          party_files=True, right=True),
    Clock("matter_decision", "C-31", "§§ 964(h)(5), 966(h)(5), 968(e)(5)", "decide the appeal in"
          " writing", "Department", "matter_appealed", 30, None, ("matter_decided",), "appeal"),
    Clock("officer_response", "C-30", "§§ 964(h)(2)-(3), 966(h)(2)-(3), 968(e)(2)-(3)", "answer the"
          " appeal officer in writing", "appeal officer's addressee", "response_requested", 0, None,
          ("response_received", "matter_decided", "appeal_decided"), "response appeal"),
    Clock("recall_answer", "C-35", "§ 964(k) (policy: no section sets a time)", "destroy or return the"
          " recalled package, and say so", "researcher", "recall_sent", 0, None,
          ("recall_answered",), "recall"),
    Clock("breach_letter", "C-36", "§ 964(k)(2)", "submit the notification letter for publication",
          "institution", "breach_reported", 0, None, ("breach_letter_received",), "breach",
          at_least=("individuals", BREACH_LETTER_FROM)),
    Clock("denial_statement", "C-56", "§ 966(f)", "send the written reasons of the denial",
          "Department", "project_denied", 10, _DEPARTMENT, ("denial_statement_sent",)),
    Clock("letter_answer", "C-57", "§ 966(g)", "send the letter of support or the reasons against",
          "Department", "letter_requested", 30, _DEPARTMENT, ("letter_answered",)),
    Clock("appeal_window", "C-58", "§ 966(h)(1)", "appeal the denial", "researcher",
          "denial_statement_sent", 10, None, ("appeal_received", "application_withdrawn"),
          party_files=True, right=True),
    Clock("check_appeal", "C-58", "§ 966(h)(1)", "appeal the failed background check", "researcher",
          "background_check", 10, None, (), "member", ("outcome", ("failed",)), party_files=True, right=True),
    Clock("letter_appeal", "C-58", "§ 966(h)(1)", "appeal the refused letter of support",
          "researcher", "letter_answered", 10, None, (), None, ("outcome", ("refused",)),
          party_files=True, right=True),
    Clock("appeal_decision", "C-59", "§ 966(h)(5)", "decide the appeal in writing", "Department",
          "appeal_received", 30, None, ("appeal_decided",)),
    Clock("destruction_certificate", "C-61", "§ 967(a)", "certify the destruction of the data, or"
          " have an extension granted", "researcher", "project_completed", 0, None,
          ("destruction_certified", "extension_requested", "relied_on_by", "project_closed")),
    Clock("destruction_refused", "C-61", "§ 967(a)-(b)", "certify the destruction: the extension"
          " was refused", "researcher", "extension_refused", 0, None,
          ("destruction_certified", "relied_on_by", "project_closed")),
    Clock("destruction_ordered", "C-70", "§ 968(c)", "certify the destruction that the closure"
          " orders", "researcher", "closure_ordered", 0, None,
          ("destruction_certified", "project_closed")),
    Clock("inspection_findings", "C-68", "§ 968(b)", "notify of the inspection's findings",
          "Department", "inspection_held", 10, _DEPARTMENT, ("findings_sent",), "inspection"),
    Clock("remedy", "C-69", "§ 968(b)", "remedy the violations and certify it, or send a plan",
          "institution", "findings_sent", 30, None, ("remedy_certified", "remedy_planned"),
          "inspection", at_least=("violations", 1)),
    Clock("remedy_plan", "C-69", "§ 968(b)", "remedy by the date of the plan", "institution",
          "remedy_planned", 0, None, ("remedy_certified",), "inspection"),
    Clock("findings_appeal", "C-72", "§ 968(e)(1)", "appeal the findings", "researcher",
          "findings_sent", 10, None, (), "inspection", at_least=("violations", 1),
          party_files=True, right=True),
    Clock("sanction_appeal", "C-72", "§ 968(e)(1)", "appeal the enforcement", "researcher",
          "sanction_imposed", 10, None, (), party_files=True, right=True),
)  # fmt: skip
