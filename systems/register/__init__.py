"""Register snapshots: validated, resolved to persons, encrypted, pinned, and opened again.

store = RegisterStore(home / "register", keyring_key)
snapshot = store.load(system, AsNamed(system, FileSource(files)), resolve=..., on=today)
con = snapshot.connect()          # one view per table, person_index, linkage_records

A snapshot never changes, and a register with a problem makes none. Who is the same person is for others to say: what
resolves entries to persons is handed to `load`.
"""

from systems.register.changes import Base, parted, touched_sql
from systems.register.checks import Problem, header_problems
from systems.register.comparing import (
    BEFORE,
    PersonChanges,
    TableChanges,
    compare_persons,
    compare_table,
    compare_tables,
    differing_sql,
)
from systems.register.index import Index, Indexed
from systems.register.judging import (
    FEW,
    ColumnProfile,
    Expectations,
    Finding,
    Judgement,
    Profile,
    TableProfile,
    as_text,
    compare_profiles,
    few,
    judge,
    judgement_of,
    months_of,
    profile_of,
)
from systems.register.parting import by_entry
from systems.register.problems import form_of, is_report, write_report
from systems.register.snapshot import FetchFile, RowChanges, Snapshot, SnapshotInfo
from systems.register.sources import (
    BATCH,
    ROW,
    UNFIT,
    UNTRANSLATED,
    AsNamed,
    FileSource,
    Incoming,
    Part,
    Source,
    Supply,
    is_synthetic,
    numbered,
)
from systems.register.store import RegisterStore, Standing
from systems.register.views import entries_sql, linkage_sql
