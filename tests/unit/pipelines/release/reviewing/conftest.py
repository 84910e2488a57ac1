"""A release that waits for its reviewers, made once and copied."""

import shutil
from contextlib import ExitStack

import pytest

from pipelines.release.context import release_context
from tests.unit.pipelines.release.reviewing import reviewing_home as world


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """One home for each policy."""
    homes = {}

    def make(policy=world.POLICY):
        if policy not in homes:
            homes[policy] = tmp_path_factory.mktemp("reviewing") / "home"
            world.make_home(homes[policy], policy)
        return homes[policy]

    return make


@pytest.fixture
def acting(made, tmp_path, monkeypatch):
    """Gives sessions of people in a copy of the home; ``acting(person, policy)`` the first time says by which policy."""
    world.without_register(monkeypatch)
    stack, root = ExitStack(), tmp_path / "home"

    def act(who, policy=world.POLICY):
        if not root.exists():
            shutil.copytree(made(policy), root)
        return stack.enter_context(world.session_of(root, who))

    with stack:
        yield act


@pytest.fixture
def events():
    """The events of a kind, as the facts of each."""

    def of(session, kind):
        return [dict(e.facts) for e in session.ledger.events(release=world.RELEASE, kind=kind)]

    return of


@pytest.fixture
def context_of():
    """The release's context in a session."""
    return lambda session: release_context(session, world.RELEASE)
