"""A home that somebody else could change, exchange or keep a second name in is not opened."""

import os
import shutil
from unittest import mock

import pytest

from pipelines.home import closed
from pipelines.home.errors import HomeExposed, HomeLinked, HomeOnNetwork, HomeTooOpen
from pipelines.home.home import lay_out, open_home


@pytest.fixture
def home(tmp_path):
    tmp_path.chmod(0o755)
    made = lay_out(tmp_path / "above" / "home")
    (tmp_path / "above").chmod(0o755)
    for name in ("people.toml", "keys/root.key", "ledger.sqlite3", "projects/2026-001/x"):
        (made.root / name).parent.mkdir(exist_ok=True)
        (made.root / name).touch(0o600)
    return made


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_folder_above_that_others_write_is_refused(home, mode):
    home.root.parent.chmod(mode)
    with pytest.raises(HomeExposed) as caught:
        open_home(home.root)
    assert caught.value.facts["levels_above"] == 1
    home.root.parent.chmod(mode | 0o1000)  # as /tmp is: nobody exchanges what is another's
    open_home(home.root)


def test_a_link_that_others_can_turn_elsewhere_is_refused(home, tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "home").symlink_to(home.root)
    with pytest.raises(HomeExposed):
        open_home(tmp_path / "open" / "home")
    (tmp_path / "link").symlink_to(home.root)
    assert open_home(tmp_path / "link").root == home.root


def test_a_folder_above_of_another_user_is_refused_but_for_a_demo(home, monkeypatch):
    if os.geteuid() == 0:
        os.chown(home.root.parent, 4242, -1)
    else:
        monkeypatch.setattr(closed, "_owners", lambda: {os.geteuid()})  # and / is root's
    for mode in (0o755, 0o1777):  # the owner of a sticky folder may exchange what lies in it
        home.root.parent.chmod(mode)
        with pytest.raises(HomeExposed):
            open_home(home.root)
    (home.root / "demo").mkdir(mode=0o700)
    open_home(home.root)


@pytest.mark.parametrize(
    "name", ["settings.toml", "people.toml", "ledger.sqlite3", "keys", "projects", "keys/root.key", "projects/2026-001", "outbox"]
)  # fmt: skip
def test_a_link_in_the_home_is_refused(home, tmp_path, name):
    place, elsewhere = home.root / name, tmp_path / "elsewhere"
    shutil.move(place, elsewhere)
    place.symlink_to(elsewhere)
    with pytest.raises(HomeLinked) as caught:
        open_home(home.root)
    assert caught.value.facts["what"] == name.split("/")[0]


@pytest.mark.parametrize("name", ["settings.toml", "people.toml", "ledger.sqlite3", "keys/root.key"])  # fmt: skip
def test_a_second_name_of_a_file_is_refused(home, tmp_path, name):
    os.link(home.root / name, tmp_path / "second")
    with pytest.raises(HomeLinked):
        open_home(home.root)


def test_a_key_that_is_just_being_written_has_two_names_in_its_folder(home):
    os.link(home.root / "keys" / "root.key", home.root / "keys" / ".root.key.7.tmp")
    open_home(home.root)


@pytest.mark.parametrize("name", ["settings.toml", "keys/root.key", "register"])
def test_what_others_may_write_is_refused(home, name):
    (home.root / name).chmod(0o770)
    with pytest.raises(HomeLinked):
        open_home(home.root)


def test_a_home_that_others_may_enter_is_refused_as_before(home):
    home.root.chmod(0o750)
    with pytest.raises(HomeTooOpen):
        open_home(home.root)


def test_a_ledger_elsewhere_is_no_link(home, tmp_path):
    text = home.settings_file.read_text()
    place = tmp_path / "ledger.db"
    home.settings_file.write_text(text.replace('ledger_url = ""', f'ledger_url = "sqlite:///{place}"'))  # fmt: skip
    assert home.ledger_url().endswith("ledger.db")
    place.symlink_to(tmp_path / "other.db")
    with pytest.raises(HomeLinked):
        home.ledger_url()


MOUNTS = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 27 0:40 / /srv/a\\040b rw shared:7 - nfs4 server:/homes rw,vers=4.2
32 31 0:41 / /srv/a\\040b/disk rw - xfs /dev/vdb rw
33 27 0:42 / /mnt rw - fuse.sshfs host: rw
34 27 0:43 / /vm rw - virtiofs host rw
35 27 0:44 / /over rw - cifs //x/y rw
36 27 0:45 / /over rw - ext4 /dev/vdc rw
broken line
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [("/srv/a b/home", "nfs4"), ("/srv/a b", "nfs4"), ("/srv/a b/disk/home", None), ("/srv/a bc", None),
     ("/mnt/home", "fuse.sshfs"), ("/vm/home", None), ("/over/home", None), ("/home", None)],
)  # fmt: skip
def test_the_table_of_mounts_says_what_a_folder_lies_on(tmp_path, place, kind):
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert closed.network_file_system(type(tmp_path)(place), tmp_path / "mountinfo") == kind
    assert closed.network_file_system(type(tmp_path)(place), tmp_path / "none") is None


def test_a_home_on_the_network_is_refused_unless_a_setting_allows_it(home, monkeypatch):
    monkeypatch.setattr("pipelines.home.home.network_file_system", lambda root: "nfs4")
    with pytest.raises(HomeOnNetwork):
        open_home(home.root)
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace("network_home = false", "network_home = true"))
    open_home(home.root)


def test_what_another_process_takes_away_meanwhile_is_no_problem(home, monkeypatch):
    """SQLite removes its log when the last who reads the ledger leaves; a key's second name goes as soon as the key is there."""
    log, key = home.root / "ledger.sqlite3-wal", home.root / "keys" / "root.key"

    def and_gone(place):
        found = list(os.scandir(place))
        log.unlink(missing_ok=True)
        (key.parent / ".second").unlink(missing_ok=True)
        return iter(found)

    log.touch(0o600)
    os.link(key, key.parent / ".second")
    seen = mock.Mock(wraps=os)
    seen.scandir.side_effect = and_gone
    monkeypatch.setattr(closed, "os", seen)
    assert open_home(home.root).root == home.root
    assert not log.exists()
