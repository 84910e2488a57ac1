"""Stata and SAS, as far as our scripts go: each statement that they may hold is known here, any other is an error.

They read the CSV by Python's own reader and share nothing with the templates.
"""

import csv
import datetime as dt
import re
from pathlib import Path
from typing import Any


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [*csv.reader(file)][1:]


class Stata:
    """Runs a do-file; ``columns`` are what it leaves, ``labels`` and ``value_labels`` what it says of them."""

    def __init__(self, script: str, folder: Path) -> None:
        self.folder = folder
        self.columns: dict[str, list[Any]] = {}
        self.labels: dict[str, str] = {}
        self.value_labels: dict[str, dict[int | str, str]] = {}
        self.labelled: dict[str, str] = {}
        self._rows: list[list[str]] = []
        self._saved: dict[str, list[list[str]]] = {}
        self._dropped = False
        for line in script.splitlines():
            if line.strip() and not line.startswith("*"):
                self._run(line)
        assert self._dropped

    _TEXT = r'"((?:[^"`$\\]|\\.)*)"'
    _NAME = r"([A-Za-z_][A-Za-z0-9_]{0,31})"

    def _run(self, line: str) -> None:
        known = {
            r"version 14|clear|compress|tempfile \w+": lambda: None,
            rf"import delimited using {self._TEXT}, varnames\(nonames\) rowrange\(2\) stringcols\(_all\) "
            r'bindquotes\(strict\) maxquotedrows\(0\) encoding\("utf-8"\) clear': self._import,
            r"save `(\w+)'(?:, replace)?": self._save,
            r"use `(\w+)', clear": self._use,
            r"append using `(\w+)'": self._append,
            r"assert _N == (\d+)": self._count,
            rf"label define {self._NAME} ((?:\d+|\.[a-z]) {self._TEXT}(?: (?:\d+|\.[a-z]) {self._TEXT})*)(?:, add)?": self._define,
            rf"replace {self._NAME} = (\.[a-z]) if v(\d+) == {self._TEXT} & missing\({self._NAME}\)": self._why,
            rf'generate long {self._NAME} = daily\(v(\d+), "YMD"\)': self._daily,
            rf'generate int {self._NAME} = monthly\(v(\d+), "YM"\)': self._monthly,
            rf"generate (?:double|int) {self._NAME} = real\(v(\d+)\)": self._real,
            rf'generate byte {self._NAME} = cond\(v(\d+) == "true", 1, cond\(v\2 == "false", 0, \.\)\)': self._asked,
            rf"generate {self._NAME} = v(\d+)": self._text,
            rf"generate int {self._NAME} = \.": self._empty,
            rf"replace {self._NAME} = (\d+) if v(\d+) == {self._TEXT}": self._replace,
            rf'assert !missing\({self._NAME}\) if v(\d+) != ""': self._known,
            rf"label values {self._NAME} {self._NAME}": self._label_values,
            rf"label variable {self._NAME} {self._TEXT}": self._label,
            rf"format {self._NAME} %t[dm]": lambda name: self.columns[name],
            r"drop v1-v(\d+)": self._drop,
        }
        for pattern, run in known.items():
            if found := re.fullmatch(pattern, line):
                run(*found.groups())
                return
        raise AssertionError(line)

    def _import(self, path: str) -> None:
        self._rows = _rows(self.folder / path)

    def _save(self, name: str) -> None:
        self._saved[name] = self._rows

    def _use(self, name: str) -> None:
        self._rows = self._saved[name]

    def _append(self, name: str) -> None:
        self._rows = self._rows + self._saved[name]

    def _count(self, rows: str) -> None:
        assert len(self._rows) == int(rows)

    def _define(self, name: str, *found: str) -> None:
        known = self.value_labels.setdefault(name, {})
        for number, label in re.findall(rf"(\d+|\.[a-z]) {self._TEXT}", found[0]):
            assert len(label.encode()) <= 32_000
            known[int(number) if number.isdigit() else number] = label

    def _of(self, number: str) -> list[str]:
        return [row[int(number) - 1] for row in self._rows]

    def _made(self, name: str, values: list[Any]) -> None:
        assert name not in self.columns
        self.columns[name] = values

    def _daily(self, name: str, number: str) -> None:
        self._made(name, [dt.date.fromisoformat(v) if v else None for v in self._of(number)])

    def _monthly(self, name: str, number: str) -> None:
        months = [re.fullmatch(r"(\d{4})-(\d\d)", v) for v in self._of(number)]
        self._made(name, [(int(m[1]), int(m[2])) if m else None for m in months])

    def _real(self, name: str, number: str) -> None:
        self._made(name, [int(v) if v else None for v in self._of(number)])

    def _asked(self, name: str, number: str) -> None:
        self._made(name, [{"true": 1, "false": 0}.get(v) for v in self._of(number)])

    def _text(self, name: str, number: str) -> None:
        self._made(name, self._of(number))

    def _empty(self, name: str) -> None:
        self._made(name, [None] * len(self._rows))

    def _replace(self, name: str, value: str, number: str, code: str) -> None:
        self.columns[name] = [
            int(value) if v == code else old
            for v, old in zip(self._of(number), self.columns[name], strict=True)
        ]

    def _why(self, name: str, letter: str, number: str, code: str, again: str) -> None:
        assert again == name
        self.columns[name] = [
            letter if v == code and (old is None or str(old).startswith(".")) else old
            for v, old in zip(self._of(number), self.columns[name], strict=True)
        ]

    def _known(self, name: str, number: str) -> None:
        values = zip(self._of(number), self.columns[name], strict=True)
        assert all(new is not None for old, new in values if old)

    def _label_values(self, name: str, labels: str) -> None:
        assert name in self.columns
        assert labels in self.value_labels
        self.labelled[name] = labels

    def _label(self, name: str, label: str) -> None:
        assert name in self.columns
        assert len(label.encode()) <= 80
        self.labels[name] = label

    def _drop(self, last: str) -> None:
        assert len(self._rows[0]) == int(last) if self._rows else True
        self._dropped = True


class Sas:
    """Runs a program of ``proc format``, one macro with a data step, and a data step that puts the parts together."""

    _TEXT = r"'((?:[^']|'')*)'"
    _NAME = r"([A-Za-z_][A-Za-z0-9_]{0,31})"

    def __init__(self, script: str, folder: Path) -> None:
        self.folder = folder
        self.formats: dict[str, dict[str, str]] = {}
        self.labels: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.lengths: dict[str, int] = {}
        self.numeric: dict[str, str] = {}
        self.order: list[str] = []
        self.why: list[tuple[str, str, str, str]] = []
        whole = re.fullmatch(
            r"/\*(?:(?!\*/).)*\*/\nproc format;\n(?P<formats>.*?)\nrun;\n\n%macro part\(file, number\);\n"
            r"data part&number;\n  infile \"&file\" dsd dlm=',' firstobs=2 lrecl=1048576 encoding='utf-8' "
            r"termstr=lf truncover;\n(?P<step>.*?)\nrun;\n%mend part;\n(?P<calls>(?:%part\([^;]*\);\n)+)\n"
            r"data extract;\n  set(?P<parts>(?: part\d+)+);\nrun;\n",
            script,
            re.DOTALL,
        )
        assert whole, "another shape"
        for statement in self._statements(whole["formats"]):
            self._format(statement)
        for statement in self._statements(whole["step"]):
            self._step(statement)
        calls = re.findall(r"%part\(([\w./-]+), (\d+)\);\n", whole["calls"])
        assert [f"part{n}" for _, n in calls] == whole["parts"].split()
        rows = [row for path, _ in calls for row in _rows(folder / path)]
        assert not any("\n" in v for row in rows for v in row), "a line break ends the line in SAS"
        self.columns = {
            name: [self._read(name, row[i]) for row in rows] for i, name in enumerate(self.order)
        }
        for name, companion, code, letter in self.why:
            said = zip(self.columns[name], self.columns[companion], strict=True)
            self.columns[name] = [letter if v is None and why == code else v for v, why in said]

    def _statements(self, text: str) -> list[str]:
        found = re.findall(r"((?:[^';]|'(?:[^']|'')*')+);", text)
        assert "".join(f"{one};" for one in found).strip() == text.strip()
        return [" ".join(one.split()) for one in found]

    def _format(self, statement: str) -> None:
        if statement in {
            "invalue yesno 'true' = 1 'false' = 0 other = .",
            "value yesno 1 = 'yes' 0 = 'no' .N = 'not recorded' .E = 'emptied'",
        }:
            return
        found = re.fullmatch(
            rf"value \$([A-Za-z_]\w*)((?: {self._TEXT} = {self._TEXT})+)", statement
        )
        assert found, statement
        assert len(found[1]) <= 31
        assert not found[1][-1].isdigit()
        pairs = re.findall(rf"{self._TEXT} = {self._TEXT}", found[2])
        self.formats[found[1]] = {c.replace("''", "'"): t.replace("''", "'") for c, t in pairs}

    def _step(self, statement: str) -> None:
        if found := re.fullmatch(rf"length {self._NAME} (\$?)(\d+)", statement):
            assert 1 <= int(found[3]) <= 32_767
            if found[2]:
                self.lengths[found[1]] = int(found[3])
            else:
                self.numeric[found[1]] = "number"
        elif found := re.fullmatch(rf"informat {self._NAME} (yymmdd10|yesno)\.", statement):
            assert found[1] in self.numeric
            self.numeric[found[1]] = found[2]
        elif found := re.fullmatch(rf"informat {self._NAME} \$char(\d+)\.", statement):
            assert self.lengths[found[1]] == int(found[2])
        elif found := re.fullmatch(rf"format {self._NAME} \$(\w+)\.", statement):
            assert found[1] in self.lengths
            self.shown[found[1]] = found[2]
            assert found[2] in self.formats
        elif found := re.fullmatch(rf"format {self._NAME} (yymmdd10|yesno)\.", statement):
            assert self.numeric[found[1]] == found[2]
        elif found := re.fullmatch(rf"label {self._NAME} = {self._TEXT}", statement):
            assert len(found[2]) <= 256
            self.labels[found[1]] = found[2].replace("''", "'")
        elif found := re.fullmatch(
            rf"if {self._NAME} = \. and {self._NAME} = {self._TEXT} then {self._NAME} = (\.[A-Z])",
            statement,
        ):
            assert found[1] == found[4]
            assert found[1] in self.numeric
            assert self.order
            self.why.append((found[1], found[2], found[3], found[5]))
        elif found := re.fullmatch(rf"input((?: {self._NAME})+)", statement):
            self.order = found[1].split()
            assert set(self.order) == {*self.lengths, *self.numeric}
        else:
            raise AssertionError(statement)

    def _read(self, name: str, value: str) -> Any:
        if name in self.lengths:
            assert len(value.encode()) <= self.lengths[name], "cut"
            return value
        if not value:
            return None
        if self.numeric[name] == "yymmdd10":
            return dt.date.fromisoformat(value)
        return {"true": 1, "false": 0}[value] if self.numeric[name] == "yesno" else int(value)
