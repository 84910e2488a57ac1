"""What can go wrong where register and staging lie in a bucket."""

from errors import CodedError, Exit


class BucketUnsafe(CodedError, code="BUCKET-01", exit=Exit.REFUSED):
    cause = "the bucket's settings are incomplete or unsafe"
    cure = "See [bucket] in settings.toml: s3://bucket/prefix, one prefix for each, https:// unless the server is this machine, and files that nobody else can read"


class CredentialsMissing(CodedError, code="BUCKET-02", exit=Exit.USAGE):
    cause = "the bucket's credentials are missing or incomplete"
    cure = "Name a file in bucket.credentials_file ([default], aws_access_key_id, aws_secret_access_key), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


class BucketUnreachable(CodedError, code="BUCKET-03", exit=Exit.INTERNAL):
    cause = "the bucket's server can't be reached, or the connection broke"
    cure = "See bucket.endpoint and the network, then run the command or --resume again: what is complete in the bucket is not sent twice"


class BucketUntrusted(CodedError, code="BUCKET-04", exit=Exit.INTEGRITY):
    cause = "the bucket's server shows a certificate that we don't trust"
    cure = "See bucket.ca_file and bucket.endpoint; nothing was sent"


class BucketBusy(CodedError, code="BUCKET-05", exit=Exit.INTERNAL):
    cause = "the bucket's server is overloaded or broken, and was so at each attempt"
    cure = (
        "Run the command or --resume again later: what is complete in the bucket is not sent twice"
    )


class BucketDenied(CodedError, code="BUCKET-06", exit=Exit.INTERNAL):
    cause = "the bucket's server refuses our credentials, or what they ask for"
    cure = "See the bucket's policy, the credentials and this machine's clock; then run the command or --resume again"


class BucketMissing(CodedError, code="BUCKET-07", exit=Exit.INTERNAL):
    cause = "there is no bucket of this name"
    cure = "Have it made (private, no public access), see bucket.register_url and bucket.staging_url; then run the command or --resume again"


class BucketAnswered(CodedError, code="BUCKET-08", exit=Exit.INTERNAL):
    cause = "the bucket's server gave an answer that we don't expect"
    cure = "Its own code stands here; see bucket.region and bucket.endpoint, then run the command or --resume again"


class ObjectMissing(CodedError, code="BUCKET-09", exit=Exit.INTEGRITY):
    cause = "the bucket lacks an object that it should have"
    cure = "See who deleted it (a lifecycle rule?); bring it back from the bucket's versions, or load the register again"


class ObjectTruncated(CodedError, code="BUCKET-10", exit=Exit.INTEGRITY):
    cause = "an object of the bucket is shorter or longer than the one that was written"
    cure = "Nothing of it was used: bring the right version back, or load the register again"


class ObjectChanged(CodedError, code="BUCKET-11", exit=Exit.INTEGRITY):
    cause = "an object of the bucket is not the one that was written"
    cure = "Nothing of it was used: see who can write to the bucket, bring the right version back, or load the register again"


class ManifestDoesNotHold(CodedError, code="BUCKET-12", exit=Exit.INTEGRITY):
    cause = "a manifest in the bucket was not written by this home for this place"
    cure = "Nothing of it was used: see who can write to the bucket"


class PrefixTaken(CodedError, code="BUCKET-13", exit=Exit.REFUSED):
    cause = "this prefix of the bucket belongs to another home, or to something else"
    cure = "Give each home, and register and staging, a new prefix of their own"


class BucketExtraMissing(CodedError, code="BUCKET-14", exit=Exit.USAGE):
    cause = "the settings name a bucket, but botocore is not installed"
    cure = "Install doj-release[s3], or empty bucket.register_url and bucket.staging_url in settings.toml"


INTERRUPTIONS = (
    BucketUnreachable,
    BucketBusy,
    BucketDenied,
    BucketMissing,
    BucketAnswered,
)  # say nothing about the release: it is resumed
