"""What one process knows of all projects: their events, what they come to, and the applications that it has read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from approvals.application import Application, SystemTerms
from approvals.ledger import Entry, Ledger, Remembered
from approvals.project.documents import Mark
from approvals.project.state import ProjectState, fold, standing_events


@dataclass(frozen=True, slots=True)
class Known:
    """A project without its application, and all events of its own life."""

    state: ProjectState
    entries: tuple[Entry, ...]

    @property
    def standing(self) -> Sequence[Entry]:
        """The events that stand."""
        return standing_events(self.entries)


@dataclass(frozen=True, slots=True)
class _Read:
    digest: str
    mark: Mark
    terms: SystemTerms | None
    form: Application


def _made(before: Known | None, newer: Sequence[Entry]) -> Known | None:
    entries = (*(before.entries if before else ()), *newer)
    state = fold(entries)
    return Known(state, entries) if state is not None else None


class ProjectMemory:
    """Of one home; see `Memory` of custody."""

    def __init__(self) -> None:
        self._known = Remembered(_made, releases=False)
        self._read: dict[str, _Read] = {}

    def of(self, ledger: Ledger) -> dict[str, Known]:
        """Every project by its number, as the ledger stands now, in the order of their numbers."""
        known = self._known.of(ledger)
        return {number: known[number] for number in sorted(known)}

    def application(
        self,
        number: str,
        digest: str,
        mark: Mark,
        terms: SystemTerms | None,
        read: Callable[[], Application],
    ) -> Application:
        """A project's application: read, or as it was read from the same unchanged file under the same terms."""
        found = self._read.get(number)
        if (
            found is None
            or (found.digest, found.mark) != (digest, mark)
            or not (found.terms is terms or found.terms == terms)
        ):
            self._read[number] = found = _Read(digest, mark, terms, read())
        return found.form
