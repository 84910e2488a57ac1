"""A long step says its share and what is left of it."""

import pytest

from pipelines.cli import console


class Bar:
    def __init__(self):
        self.lines = []

    def add_task(self, text, total):
        self.lines.append(text)
        return len(self.lines) - 1

    def update(self, line, *, description, **_done):
        self.lines[line] = description


@pytest.mark.parametrize(
    ("share", "took", "said"),
    [
        (0.25, 20, "Resolving: 25%, about 60 s left"),
        (0.1, 60, "Resolving: 10%, about 9 min left"),
        (0.5, 1, "Resolving"),
        (0.0, 60, "Resolving"),
    ],
)
def test_a_step_says_its_share_until_it_is_done(monkeypatch, share, took, said):
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    bar = Bar()
    lines = console._Lines(bar)
    lines("Resolving")
    now[0] += took
    lines.share(share)
    assert bar.lines == [said]
    lines("Checking")
    assert bar.lines == ["Resolving", "Checking"]
