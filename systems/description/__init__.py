"""A data system as its TOML describes it: tables, columns, code lists, what leaves, who may ask.

A description that does not fit together is refused when it is read. Nothing here opens a register, and nothing is stated
in code that a TOML could state.
"""

from systems.description.loading import (
    Systems,
    description_digests,
    load_system,
    system_codes,
)
from systems.description.local import LOCAL, MAPPING, path_beside, spelled
from systems.description.model import (
    BETWEEN,
    Code,
    Column,
    ForeignKey,
    LinkageColumn,
    System,
    Table,
    Together,
)
from systems.description.releases import (
    AMOUNTS,
    NUMBERS,
    Dimension,
    Exclusion,
    OutputColumn,
    RowRelease,
    Scope,
)
from systems.description.terms import Document, Purpose, Record
