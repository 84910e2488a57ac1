"""Register and staging in an S3-compatible bucket: encrypted objects first, a manifest last.

It knows how a bucket is reached, what an answer means, and when a set of objects is whole. It never encrypts or reads what is inside,
and never decides what may be deleted: who calls holds the lock of the release or register.
"""

from pipelines.storage.bucket import Bucket
from pipelines.storage.errors import INTERRUPTIONS, BucketDenied
from pipelines.storage.location import configured_urls, location_of, unsafe_settings
from pipelines.storage.object_store import MANIFEST, MARK, ObjectStore
