"""The content of a package: a BagIt bag in parts, its dictionary, conditions and README files.

It knows the rows' other file formats and the workbook of an aggregate, too. It never sees a
recipient's key and writes no plaintext to disk.
"""

from extracts.package.bag import iter_parts
from extracts.package.dictionary import (
    DataDictionary,
    FieldDoc,
    aggregated_dictionary,
    dictionary_for,
)
from extracts.package.documents import recipient_readme
from extracts.package.facts import ReleaseFacts
from extracts.package.formats import Format, check_formats, known_formats
from extracts.package.workbook import build_workbook
