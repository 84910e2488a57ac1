"""Register and staging in a bucket: encrypted objects first, a manifest last."""

from pipelines.storage.bucket import Bucket
from pipelines.storage.bucket_admin import Keeping
from pipelines.storage.errors import INTERRUPTIONS, BucketDenied
from pipelines.storage.object_store import MANIFEST, MARK, Shelf
from pipelines.storage.place import named, place, unsafe

__all__ = [
    "INTERRUPTIONS",
    "MANIFEST",
    "MARK",
    "Bucket",
    "BucketDenied",
    "Keeping",
    "Shelf",
    "named",
    "place",
    "unsafe",
]
