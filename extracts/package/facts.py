"""What a package says about its own release: facts that `pipelines` collects, none of them personal."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from extracts.errors import ReleaseFactsRefused

KINDS = ("identified", "deidentified", "aggregated")
KIND_TITLES = {
    "identified": "Identified Individual-Level Data",
    "deidentified": "De-Identified Individual-Level Data",
    "aggregated": "Aggregated Data",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ReleaseFacts:
    """One release as its package describes it.

    Attributes:
        project_number: number of the approved project, such as ``2026-001``.
        project_title: title from the application.
        kind: ``identified``, ``deidentified`` or ``aggregated`` (§ 962).
        system: code of the data system, such as ``CARPOS``.
        system_name: its full name.
        release_id: number of this release; changes with every release, so it stands only in
            ``bag-info.txt``, ``provenance.json`` and ``RELEASE.txt``.
        packaged_on: day of packaging; same places.
        approved_on: day of the approval.
        expires_on: last day on which data may be received (§§ 964(b), 966(i)).
        years: first and last calendar year of the data, or none where not limited.
        order_scope: families of orders that the approval covers.
        linked_role: to whom a cohort was matched, where it is not those whose records these are.
        recipients: (member id, SHA-256 fingerprint of the public key) of each recipient.
        snapshot_id: the register snapshot that the data comes from.
        code_version: version of this software.
        configuration_digest: digest of the configuration of the run.
        input_digests: name → keyed digest of each input file.
        ledger_checkpoint: the signed checkpoint of the release ledger.
        individuals: number of individuals in the data, for § 964(k)(2); none for aggregates.
        threshold: persons below which a category identifies (§ 964(f)(2)).
        zeros: ``published`` or ``hidden``: whether a category may be said to be empty.
        changes: what is other than in the project's last release of this kind, in sentences; none where there
            was none.
        department: who releases.
        office: the office to which a researcher writes.
        contact: its e-mail address.
        synthetic: the data is made up (a demonstration).
        extra: more facts for ``provenance.json``.
    """

    project_number: str
    project_title: str
    kind: str
    system: str
    system_name: str
    release_id: str
    packaged_on: dt.date
    approved_on: dt.date
    expires_on: dt.date
    years: tuple[int, int] | None
    order_scope: tuple[str, ...]
    recipients: tuple[tuple[str, str], ...]
    snapshot_id: str
    code_version: str
    configuration_digest: str
    linked_role: str | None = None
    input_digests: Mapping[str, str] = field(default_factory=dict[str, str])
    ledger_checkpoint: Mapping[str, object] = field(default_factory=dict[str, object])
    individuals: int | None = None
    threshold: int = 10
    zeros: str = "published"
    changes: tuple[str, ...] | None = None
    department: str = "California Department of Justice"
    office: str = "Research Services"
    contact: str = "datarequests@doj.ca.gov"
    synthetic: bool = False
    extra: Mapping[str, object] = field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        """Refuse facts that can't stand in a bag.

        Raises:
            ReleaseFactsRefused: names the fact, never its value.
        """
        bad = [
            name
            for name in ("project_number", "system", "release_id", "snapshot_id")
            if not _NAME.fullmatch(getattr(self, name))
        ]
        texts = ("project_title", "system_name", "code_version", "department", "office", "contact")
        bad += [name for name in texts if not _one_line(getattr(self, name))]
        if self.kind not in KINDS:
            bad.append("kind")
        if not self.recipients or not all(_recipient(*one) for one in self.recipients):
            bad.append("recipients")
        if self.expires_on < self.approved_on:
            bad.append("expires_on")
        if self.years and self.years[0] > self.years[1]:
            bad.append("years")
        if bad:
            raise ReleaseFactsRefused(facts=bad)

    @property
    def title(self) -> str:
        """A title for the data that does not change from run to run."""
        return f"{self.system} {KIND_TITLES[self.kind]}, project {self.project_number}"

    @property
    def sender(self) -> str:
        """Department and office, the office not twice where the department's name ends in it."""
        if self.department.endswith(self.office):
            return self.department
        return f"{self.department}, {self.office}"

    @property
    def citation(self) -> str:
        """One line with which a publication names its source, the same for every run."""
        return self._cited("")

    @property
    def dated_citation(self) -> str:
        """The same with the release's number and day; for ``RELEASE.txt`` alone, since it changes from run to run."""
        return self._cited(f"release {self.release_id} of {self.packaged_on.isoformat()}, ")

    def _cited(self, release: str) -> str:
        years = f", {span(self.years)}" if self.years else ""
        return (
            f"{self.department}. {self.system_name} ({self.system}){years}. "
            f"{KIND_TITLES[self.kind]}, project {self.project_number}, {release}"
            f"register snapshot {self.snapshot_id}."
        )


def span(years: tuple[int, int]) -> str:
    """``2016-2025``, or one year alone."""
    first, last = years
    return str(first) if first == last else f"{first}-{last}"


def _one_line(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()


def _recipient(member: str, fingerprint: str) -> bool:
    return _one_line(member) and _FINGERPRINT.fullmatch(fingerprint) is not None
