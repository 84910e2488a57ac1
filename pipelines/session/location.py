"""Where register and staging lie: in the home alone, or in a bucket with copies in the home."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.storage import location_of

if TYPE_CHECKING:
    from crypto.keyring import Keyring
    from pipelines.home import Settings
    from pipelines.storage import ObjectStore
    from systems.register import Bring


def object_store(settings: "Settings", keyring: "Keyring", purpose: str) -> "ObjectStore | None":
    """The bucket's store of ``register`` or ``staging``; None where they lie in the home.

    Raises:
        BucketUnsafe: the settings can't be used.
    """
    where = location_of(settings.bucket, purpose)
    if where is None:
        return None
    from pipelines.storage import Bucket, BucketAdmin, ObjectStore

    bucket, admin = Bucket(settings.bucket, where), BucketAdmin(settings.bucket, where)
    return ObjectStore(bucket, admin, purpose, keyring.digest)


def snapshot_fetcher(settings: "Settings", keyring: "Keyring") -> "Bring | None":
    """How a snapshot's files come from the bucket; None where the register lies in the home."""
    if not settings.bucket.register_url:
        return None

    def fetch(snapshot: str, file: str, target: Path) -> None:
        store = object_store(settings, keyring, "register")
        assert store is not None  # the settings name one
        store.bring(set_of(snapshot), file, target)

    return fetch


def set_of(snapshot: str) -> str:
    """The set of a snapshot: ``CARPOS/CARPOS-20261126-001``."""
    return f"{snapshot.split('-', 1)[0]}/{snapshot}"
