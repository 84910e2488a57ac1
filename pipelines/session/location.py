"""Where register and staging lie: in the home alone, or on a shelf of a bucket with copies in the home."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.storage import place

if TYPE_CHECKING:
    from pipelines.session.session import Office
    from pipelines.storage import Shelf
    from systems.register import Bring


def shelf(office: "Office", purpose: str) -> "Shelf | None":
    """The shelf of ``register`` or ``staging``; None where they lie in the home.

    Raises:
        BucketUnsafe: the settings can't be used.
    """
    settings = office.settings.bucket
    where = place(settings, purpose)
    if where is None:
        return None
    from pipelines.storage import Bucket, Keeping, Shelf

    return Shelf(Bucket(settings, where), Keeping(settings, where), purpose, office.keyring.digest)


def bringing(office: "Office") -> "Bring":
    """How a snapshot's files come from the bucket."""

    def bring(snapshot: str, file: str, target: Path) -> None:
        found = shelf(office, "register")
        assert found is not None  # asked for where the settings name one
        found.bring(set_of(snapshot), file, target)

    return bring


def set_of(snapshot: str) -> str:
    """The set of a snapshot: ``CARPOS/CARPOS-20261126-001``."""
    return f"{snapshot.split('-', 1)[0]}/{snapshot}"


def upload(office: "Office", snapshot: str) -> int:
    """Send a snapshot's files, those that are not there; for the holder of the register's lock. How many."""
    found, files = shelf(office, "register"), office.registers.files(snapshot)
    dropped_here = not all(path.is_file() for path in files)
    if found is None or (dropped_here and found.holds(set_of(snapshot))):
        return 0
    return found.keep(set_of(snapshot), files)
