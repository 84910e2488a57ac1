"""What can be wrong with a researcher's cohort as a whole."""

from errors import CodedError, Exit


class CohortColumnsUnknown(CodedError, code="INTAKE-01", exit=Exit.INPUT):
    cause = "the cohort file has columns that are neither standard nor mapped"
    cure = "Map them with --columns MAP.toml or leave them out of the file; positions count from 1"


class CohortHasNoIdentifier(CodedError, code="INTAKE-02", exit=Exit.INPUT):
    cause = "the cohort file has no column that could identify a person"
    cure = "It needs a last name with a birth date or an address, a social security number, or a licence"


class CohortTooLong(CodedError, code="INTAKE-03", exit=Exit.REFUSED):
    cause = "the cohort has more rows than the application allows (§ 963(a)(3)(A))"
    cure = "Shorten the cohort, or have the application amended"


class CohortNotStored(CodedError, code="INTAKE-04", exit=Exit.INTEGRITY):
    cause = "the stored copy of the project's cohort is missing or its key was forgotten"
    cure = "Register the cohort again with `doj-release project cohort`"
