"""What reviewers settled in a project's releases, kept for its next ones to learn from: `review.feeds_model`.

Staging is destroyed with its release. What is kept is how many pairs agreed so and were one person, or two: no id and no value, yet of
persons; so it lies encrypted under the key of the release's cohort, and goes with it. An order pins what it learns from.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from approvals.custody import OUT
from crypto.resting import decrypt_document, encrypt_document
from pipelines.release.errors import LessonsChanged
from pipelines.session import Session

if TYPE_CHECKING:
    from matching.model import Reviewed

_LABEL = "lesson"  # of keyed digests


def keep(session: Session, project: str, cohort: str, release: str, lesson: str) -> None:
    """Keep what a release's reviewers settled; what was kept of it before is replaced, and an empty one is none."""
    from pipelines.cohort import cohort_key, lesson_path

    path = lesson_path(session, project, cohort, release)
    if not lesson:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    encrypt_document(lesson.encode(), path, cohort_key(session, project, cohort))


def kept(session: Session, project: str, system: str) -> dict[str, str]:
    """Of each cohort of a project and system the last release that taught something, with the keyed digest of what is kept of it.

    It went out, and is neither withdrawn nor destroyed. A later release of a cohort asks about the same people again: one answer is not to
    count for several.
    """
    from pipelines.cohort import lesson_path

    last: dict[str, str] = {}
    for state in session.releases.list(project):
        cohort = state.cohort or ""
        out = state.status in OUT and state.system == system
        if out and lesson_path(session, project, cohort, state.release).is_file():
            last[cohort] = state.release
    return {
        release: session.keyring.digest_file(_LABEL, lesson_path(session, project, cohort, release))
        for cohort, release in last.items()
    }


def read(session: Session, project: str, pinned: Mapping[str, str]) -> "Reviewed | None":
    """What an order pins to learn from (`kept`); None where that is nothing.

    Raises:
        LessonsChanged: it is gone or another (exit 5).
        DocumentDoesNotHold: it does not open (exit 5).
    """
    from matching.model import read_lessons
    from pipelines.cohort import cohort_key, lesson_path

    texts: list[str] = []
    for release, digest in sorted(pinned.items()):
        cohort = session.releases.show(release).cohort or ""
        path = lesson_path(session, project, cohort, release)
        if not path.is_file() or session.keyring.digest_file(_LABEL, path) != digest:
            raise LessonsChanged(release=release)
        texts.append(decrypt_document(path, cohort_key(session, project, cohort)).decode())
    return read_lessons(texts)
