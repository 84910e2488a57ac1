"""The content of a package: a BagIt bag, its dictionary, conditions and files for other programs."""

from extracts.package.bag import Part, iter_parts, write_parts
from extracts.package.describe import aggregated_dictionary, dictionary_for
from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.package.facts import ReleaseFacts
from extracts.package.notices import conditions
from extracts.package.readme import recipient_readme
from extracts.package.statistical import check_formats, known_formats
from extracts.package.workbook import build_workbook

__all__ = [
    "DataDictionary",
    "FieldDoc",
    "Part",
    "ReleaseFacts",
    "aggregated_dictionary",
    "build_workbook",
    "check_formats",
    "conditions",
    "dictionary_for",
    "iter_parts",
    "known_formats",
    "recipient_readme",
    "write_parts",
]
