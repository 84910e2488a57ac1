"""Arrow never brings pandas into a process of ours, and who wants it has it whole."""

import subprocess
import sys

_ALONE = """
import sys
from systems import database
con = database.connect(1)
import pyarrow as pa
table = pa.table({"a": [1, None], "b": ["x", "y"]})
con.register("given", table)
assert con.sql("SELECT count(*) FROM given WHERE a IS NULL").fetchall() == [(1,)]
assert pa.array([1, 2]).to_pylist() == [1, 2] and pa.scalar("x").as_py() == "x"
print("pandas" in sys.modules, len(sys.meta_path))
import pandas as pd
frame = pd.DataFrame({"a": pd.Series([1.0, None]), "b": pd.Series(["x", "y"], dtype="object")})
import pyreadstat
pyreadstat.write_sav(frame, sys.argv[1])
print(pyreadstat.read_sav(sys.argv[1])[0].equals(frame))
"""


def test_a_process_with_tables_has_no_pandas_until_somebody_imports_it(tmp_path):
    finders = len(sys.meta_path)
    done = subprocess.run([sys.executable, "-c", _ALONE, str(tmp_path / "a.sav")], capture_output=True, text=True, check=True)  # fmt: skip
    here, after, whole = done.stdout.split()
    assert here == "False"
    assert int(after) <= finders, "nothing hides it any more"
    assert whole == "True"
