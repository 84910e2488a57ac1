"""What can go wrong where register and staging lie in a bucket."""

from errors import CodedError, Exit


class BucketUnsafe(CodedError, code="BUCKET-01", exit=Exit.REFUSED): ...


class CredentialsMissing(CodedError, code="BUCKET-02", exit=Exit.USAGE): ...


class BucketUnreachable(CodedError, code="BUCKET-03", exit=Exit.INTERNAL): ...


class BucketUntrusted(CodedError, code="BUCKET-04", exit=Exit.INTEGRITY): ...


class BucketBusy(CodedError, code="BUCKET-05", exit=Exit.INTERNAL): ...


class BucketDenied(CodedError, code="BUCKET-06", exit=Exit.INTERNAL): ...


class BucketMissing(CodedError, code="BUCKET-07", exit=Exit.INTERNAL): ...


class BucketAnswered(CodedError, code="BUCKET-08", exit=Exit.INTERNAL): ...


class ObjectMissing(CodedError, code="BUCKET-09", exit=Exit.INTEGRITY): ...


class ObjectTruncated(CodedError, code="BUCKET-10", exit=Exit.INTEGRITY): ...


class ObjectChanged(CodedError, code="BUCKET-11", exit=Exit.INTEGRITY): ...


class ManifestDoesNotHold(CodedError, code="BUCKET-12", exit=Exit.INTEGRITY): ...


class PrefixTaken(CodedError, code="BUCKET-13", exit=Exit.REFUSED): ...


class BucketExtraMissing(CodedError, code="BUCKET-14", exit=Exit.USAGE): ...


INTERRUPTIONS = (
    BucketUnreachable,
    BucketBusy,
    BucketDenied,
    BucketMissing,
    BucketAnswered,
)  # say nothing about the release: it is resumed
