"""What the suite of links is handed: a record once, and all identities that it has."""

import pyarrow as pa

from pipelines.release.stages import match


def test_a_record_of_two_identities_has_both():
    records = pa.table({"record_id": [1, 1, 1, 2, 2, 3], "identity": [1, 1, 7, 7, 7, 3]})
    compared, identities = match._once(records)
    assert compared.to_pydict() == {"record_id": [1, 2, 3]}
    pairs = zip(*identities.to_pydict().values(), strict=True)
    assert list(pairs) == [(1, 1), (1, 7), (2, 7), (3, 3)]
    assert match._once(records.slice(0, 0))[1].num_rows == 0
