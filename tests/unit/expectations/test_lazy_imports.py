"""What validation does not use is not loaded; what is used late is whole."""

import subprocess
import sys

_JUDGED = """
import sys
import pandas as pd
import importlib
judging = importlib.import_module("expectations.judging.serving")
judging.leave_extras_out()
judging.load()
frame = pd.DataFrame({"one": [True, False]})
kind = {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "one", "value_set": [True]}, "meta": {"id": "a"}}
(found,) = judging.run(frame, [kind])
assert found.result["unexpected_count"] == 1
print([name for name in ("scipy.stats._stats_py", "altair.vegalite", "sqlalchemy.sql", "botocore.session", "jsonschema.validators", "mistune.markdown") if name in sys.modules])
from scipy import stats
print(stats.norm.cdf(0.0))
"""


def test_a_validation_loads_neither_statistics_charts_nor_databases_and_statistics_are_there_for_who_asks():
    done = subprocess.run([sys.executable, "-c", _JUDGED], capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.split("\n")[-3:] == ["[]", "0.5", ""]
