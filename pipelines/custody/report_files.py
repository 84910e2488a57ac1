"""The report as it is attached: the files that people read must be those that the ledger names."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.session import Session

FILES = {"report": "department.html", "recipient": "recipient.html", "model": "report.json"}


def report_folder(session: "Session", project: str, release: str) -> Path:
    """Where the readable files of a release's report stand, with the project."""
    return session.home.projects / project / "reports" / release


def report_file(session: "Session", project: str, release: str) -> str | None:
    """The file to read before an approval; None where no report was made.

    Raises:
        CodedError: an edition is gone or was changed since it was attached (exit 5).
    """
    folder = report_folder(session, project, release)
    state = session.releases.show(release)
    if not state.editions and not folder.is_dir():
        return None
    found = {name: _read(folder / file) for name, file in FILES.items()}
    session.releases.check_editions(release, found)
    return str(folder / FILES["report"])


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
