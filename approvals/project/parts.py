"""What belongs to a project: its cohorts, recipients' keys, evidence about its people, papers."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort registered with the project: its keyed digest, never its content."""

    digest: str
    rows: int
    source: str
    registered_by: str
    confirmed_by: str | None = None
    destroyed: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient's key, tied to a team member."""

    fingerprint: str
    member: str
    added_by: str
    key_kind: str = ""
    certificate_expires: date | None = None
    confirmed_by: str | None = None
    revoked: bool = False

    def usable_on(self, on: date) -> bool:
        """Confirmed by a second person, not revoked, not past its certificate."""
        past = self.certificate_expires is not None and self.certificate_expires < on
        return self.confirmed_by is not None and not self.revoked and not past

    def words(self, on: date) -> str:
        """How the key stands on a day."""
        if self.usable_on(on):
            end = self.certificate_expires
            return f"confirmed, certificate until {end}" if end else "confirmed"
        return "past its certificate" if self.confirmed_by else "not confirmed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A dated fact about a person: a background check or a training."""

    outcome: str
    on: date
    expires: date | None = None

    def holds_on(self, on: date) -> bool:
        """Passed, not in the future, not past."""
        past = self.expires is not None and self.expires < on
        return self.outcome == "passed" and self.on <= on and not past

    def too_old(self, on: date, days: int) -> bool:
        """Without an expiry date of its own, older than so many days; 0 days: never."""
        return bool(days) and self.expires is None and (on - self.on).days > days

    def words(self) -> str:
        """Outcome, date and expiry."""
        end = f", until {self.expires}" if self.expires else ", no expiry recorded"
        return f"{self.outcome} on {self.on}" + (end if self.outcome == "passed" else "")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that came after the application; ``member`` where it is about one person."""

    kind: str
    document: str
    on: date
    member: str | None = None
    expires: date | None = None

    def holds_on(self, on: date) -> bool:
        """Not in the future, not past."""
        return self.on <= on and (self.expires is None or on <= self.expires)


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer found of an application, criterion by criterion (rules of ``CRITERIA``)."""

    by: str
    on: date
    holds: tuple[str, ...]
    fails: tuple[str, ...] = ()
