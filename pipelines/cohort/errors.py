"""What can be wrong with a researcher's cohort as a whole."""

from errors import CodedError, Exit


class CohortColumnsUnknown(CodedError, code="INTAKE-01", exit=Exit.INPUT): ...


class CohortHasNoIdentifier(CodedError, code="INTAKE-02", exit=Exit.INPUT): ...


class CohortTooLong(CodedError, code="INTAKE-03", exit=Exit.REFUSED): ...


class CohortNotStored(CodedError, code="INTAKE-04", exit=Exit.INTEGRITY): ...
