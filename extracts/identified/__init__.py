"""Identified extracts: the cohort's own rows, with the records of linked persons beside them.

It never shows a value of the register that identifies somebody, a weight, or whether a field agrees.
"""

from extracts.identified.extract import CohortRows, Extract, IdentifiedSpec, begin_identified
