"""A round: a release on a fresh copy of the home, in trouble, resumed to its end, and looked at."""

import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.survive import checks, steps, trouble
from tests.survive.steps import Ended
from tests.survive.trouble import Trouble
from tests.survive.world import World, copied

_STEPS = 14  # a round that is not over by then is stuck


@dataclass(frozen=True)
class Undisturbed:
    """What a run without trouble does: its commands' points and seconds, its facts, its bytes."""

    points: tuple[tuple[str, ...], ...]
    seconds: tuple[float, ...]
    codes: tuple[int, ...]
    facts: Counter[str]
    bytes: dict[str, dict[str, str]]


@dataclass
class Round:
    """What happened in one round, and what was wrong."""

    kind: str
    troubles: tuple[Trouble | None, ...]
    ended: list[Ended] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    resumed_after: tuple[int, ...] = ()

    @property
    def struck(self) -> int:
        """How many troubles really happened: the command did not end as it would have."""
        pairs = zip(self.troubles, self.ended, strict=False)
        return sum(1 for t, e in pairs if t is not None and e.code not in (0, 7))

    def __str__(self) -> str:
        steps_ = ", ".join(
            f"{e.words[0]}{f' [{t}]' if t else ''} -> {e.code}"
            for e, t in zip(self.ended, (*self.troubles, *[None] * _STEPS), strict=False)
        )
        return f"{self.kind}: {steps_}"


class Field:
    """Where rounds are played: the world, one folder, and what an undisturbed run of each kind does."""

    def __init__(self, root: Path, world: World) -> None:
        self._root, self._place = root, root / "round"
        self.world = world
        self.undisturbed: dict[str, Undisturbed] = {}

    def learn(self, kind: str) -> Undisturbed:
        """Run a kind without trouble, keeping the home as it is before each command."""
        if kind not in self.undisturbed:
            copied(self.world.home, self._place)
            played = self._play(Round(kind, ()), began=time.time() - 1, keep=True)
            assert not played.complaints, (played.complaints, played.ended[-1].said)
            self._remember(played)
        return self.undisturbed[kind]

    def play(self, kind: str, troubles: tuple[Trouble | None, ...]) -> Round:
        """Play one round; the first commands each meet the trouble in their place.

        Commands before the first trouble are those of the undisturbed run, whose home is taken.
        """
        usual = self.learn(kind)
        quiet = next(i for i, t in enumerate(troubles) if t is not None)
        copied(self.before(kind, quiet), self._place)
        played = Round(kind, troubles[quiet:], resumed_after=usual.codes[:quiet])
        return self._play(played, began=time.time() - 1)

    def before(self, kind: str, number: int) -> Path:
        """The home as it is before a command of the undisturbed run."""
        return self._root / "before" / f"{kind}-{number}"

    def _play(self, played: Round, *, began: float, keep: bool = False) -> Round:
        home = self._place / "home"
        finished = checks.Finished.of(home, checks.release_of(home))
        for number in range(_STEPS):
            words = self.next(played, home)
            if words is None:
                self.at_the_end(played, home, began)
                return played
            if keep:
                shutil.copytree(home, self.before(played.kind, number))
            given = played.troubles[number] if number < len(played.troubles) else None
            ended = steps.run(self._place, words, given)
            trouble.over(home)
            played.ended.append(ended)
            if ended.hung and (given is None or given.action != "memory"):
                played.complaints.append(f"{words[0]} hung")
            if given is None and ended.code not in (0, 7):
                played.complaints.append(f"undisturbed {words[0]} ended with {ended.code}")
                return played
            now = checks.Finished.of(home, checks.release_of(home))
            played.complaints += finished.repeated(now)
            finished = now
            if given is not None:
                played.complaints += checks.plaintext(self.world, self._place, began)
        played.complaints.append("does not end")
        return played

    def next(self, played: Round, home: Path) -> tuple[str, ...] | None:
        """What a person would do now; None where the release is out."""
        release = checks.release_of(home)
        if release is None:
            return self.world.wish(played.kind)
        code = played.ended[-1].code if played.ended else (*played.resumed_after, -1)[-2]
        approved = bool(played.ended) and played.ended[-1].words[0] == "release"
        if code == 7:
            return ("release", "approve", release)
        if code == 0 and played.ended and not approved:
            return None
        project = self.world.numbers[played.kind]
        return ("run", project, "--resume", release, "--no-orchestrator")

    def at_the_end(self, played: Round, home: Path, began: float) -> None:
        """Look at everything that must hold."""
        kind, release = played.kind, checks.release_of(home)
        project = self.world.numbers[kind]
        found = played.complaints
        found += checks.packages(home, project, release, kind)
        found += checks.left_over(home, release)
        found += checks.plaintext(self.world, self._place, began)
        found += checks.chain(home)
        usual = self.undisturbed.get(kind)
        if usual is None or found:
            return
        facts = checks.recorded(home, release)
        if any(t is not None and t.action == "memory" for t in played.troubles):
            facts.pop("release_failed", None)  # a library may call no memory anything
        if facts != usual.facts:
            found.append(
                f"facts: {dict(facts - usual.facts)} more, {dict(usual.facts - facts)} less"
            )
        made = self._bytes(home, kind, release)
        found += (
            f"other bytes than undisturbed: {member} {name}"
            for member, files in usual.bytes.items()
            for name in sorted(files.keys() | made[member].keys())
            if made[member].get(name) != files.get(name)
        )

    def _bytes(self, home: Path, kind: str, release: str) -> dict[str, dict[str, str]]:
        outbox = home / "outbox" / self.world.numbers[kind] / release
        return {p.name: checks.opened(self.world, p, p.name) for p in sorted(outbox.iterdir())}

    def _remember(self, played: Round) -> None:
        home = self._place / "home"
        release = checks.release_of(home)
        self.undisturbed[played.kind] = Undisturbed(
            tuple(e.points for e in played.ended),
            tuple(e.seconds for e in played.ended),
            tuple(e.code for e in played.ended),
            checks.recorded(home, release),
            self._bytes(home, played.kind, release),
        )


def boundaries(points: tuple[str, ...]) -> list[int]:
    """Points right before and right after a stage's record gets its name."""
    named = [i for i, p in enumerate(points) if p.startswith("os.rename") and "/stages/" in p]
    return sorted({i + step for i in named for step in (0, 1) if i + step < len(points)})


def chosen(field_: Field, kind: str, rounds: int, seed: int, mounted: bool) -> list[tuple]:
    """Troubles for so many rounds: every boundary first, then points and moments at random."""
    usual, draw = field_.undisturbed[kind], random.Random(f"{seed} {kind}")
    actions = [a for a in trouble.ACTIONS if mounted or a != "full"]
    plan: list[tuple[Trouble | None, ...]] = []
    for number, points in enumerate(usual.points):
        ahead = (None,) * number
        for point in boundaries(points):
            plan += [(*ahead, _at(action, point, draw)) for action in actions]
    draw.shuffle(plan)
    while len(plan) < rounds:
        plan.append(_anywhere(usual, actions, draw))
    return plan[:rounds] if rounds < len(plan) else plan


def _anywhere(
    usual: Undisturbed, actions: list[str], draw: random.Random
) -> tuple[Trouble | None, ...]:
    """One to three troubles, in this command and the next ones, at points or moments at random."""
    number = draw.randrange(len(usual.points))
    found: list[Trouble | None] = [None] * number
    for _ in range(draw.choice((1, 1, 2, 3))):
        action = draw.choice(actions)
        here = min(len(found), len(usual.points) - 1)
        if action in {"database", "full"} or draw.random() < 0.6:
            found.append(_at(action, draw.randrange(len(usual.points[here])), draw))
        else:
            seconds = draw.uniform(0, usual.seconds[here])
            found.append(Trouble(action, None, seconds, _room(action, draw)))
    return tuple(found)


def _at(action: str, point: int, draw: random.Random) -> Trouble:
    return Trouble(action, point, room=_room(action, draw))


def _room(action: str, draw: random.Random) -> int:
    if action == "disk":
        return draw.choice((0, 100, 4096, 20_000))
    if action == "full":
        return draw.choice((0, 1, 3, 8))
    if action == "memory":
        return draw.choice((0, 1 << 20, 8 << 20, 64 << 20))
    return 0
