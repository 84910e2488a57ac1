"""The noise of tables by the settings, and the keys of records by the home."""

import pyarrow as pa
import pytest

from crypto.identifiers import record_keys
from crypto.keyring import Keyring
from extracts.errors import NoiseUnfit
from extracts.perturbation import Noise
from pipelines.home import Disclosure, Settings
from pipelines.release.approved import noise_of
from pipelines.safeguards.switches import less_cautious


def test_the_settings_name_the_noise():
    assert noise_of(Disclosure()) is None
    assert noise_of(Disclosure(method="round", rounding_base=5)) == Noise("round", base=5)
    assert noise_of(Disclosure(method="cell_key", noise_deviation=20, noise_variance=16)) == Noise(
        "cell_key", deviation=20, variance=16
    )


def test_numbers_that_do_not_go_together_are_refused():
    with pytest.raises(NoiseUnfit):
        noise_of(Disclosure(method="cell_key", noise_deviation=10))


def test_noise_is_a_switch_of_two_people():
    noisy = Settings(disclosure=Disclosure(method="cell_key"))
    assert less_cautious(noisy) == {"disclosure.method": "cell_key"}


def test_keys_of_records_are_the_homes_and_outlive_its_passphrase(tmp_path):
    def keys(keyring):
        return record_keys(keyring.records_secret(), "CARPOS", pa.array(["1", "2"])).to_pylist()

    one = Keyring.create(tmp_path / "one", department="One", passphrase=b"a passphrase")
    other = Keyring.create(tmp_path / "other", department="Other", passphrase=b"a passphrase")
    before = keys(one)
    assert set(before).isdisjoint(keys(other))
    one.change_passphrase(b"another passphrase")
    assert keys(Keyring.open(tmp_path / "one", b"another passphrase")) == before
