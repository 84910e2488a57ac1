"""Work goes on while a suite is judged, and is worth nothing before the verdict."""

from dataclasses import dataclass, field

import pytest

from expectations.checks import CheckResult, Validation
from expectations.errors import ValidationFailed
from pipelines.release.context import ReleaseContext


@dataclass
class Kept:
    verdicts: list = field(default_factory=list)

    def keep_validation(self, name, validation):
        self.verdicts.append((name, validation.passed))


@dataclass
class Begun:
    passes: bool
    asked: list

    def verdict(self):
        self.asked.append("verdict")
        result = CheckResult("s.a", "A", "", "policy", "critical", self.passes, 1, int(not self.passes), 0, "both")  # fmt: skip
        return Validation("s", (result,), self.passes, 1, 0.0, "1")


@pytest.mark.parametrize("passes", [True, False])
@pytest.mark.parametrize("breaks", [True, False])
def test_the_verdict_is_kept_and_comes_before_what_the_work_raises(passes, breaks):
    kept, asked = Kept(), []

    def work():
        with ReleaseContext.required(kept, "intake", Begun(passes, asked)):
            asked.append("work")
            if breaks:
                raise KeyError("of the work")

    expected = ValidationFailed if not passes else KeyError if breaks else None
    if expected is None:
        work()
    else:
        with pytest.raises(expected) as raised:
            work()
        assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert asked == ["work", "verdict"]
    assert kept.verdicts == [("intake", passes)]


def test_a_signal_does_not_wait_for_the_verdict():
    kept, asked = Kept(), []
    work = ReleaseContext.required(kept, "intake", Begun(True, asked))
    with pytest.raises(KeyboardInterrupt), work:
        raise KeyboardInterrupt
    assert asked == kept.verdicts == []
