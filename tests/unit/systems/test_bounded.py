"""Small outside texts: within bounds they say what the standard parsers say, beyond them they are wrong, at once."""

import json
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems import bounded
from tests.examples import examples

TOML = {
    "deep lists": "a = " + "[" * 50_000 + "]" * 50_000,
    "deep tables": "a = " + "{a = " * 5000 + "1" + "}" * 5000,
    "33 lists": "a = " + "[" * 33 + "]" * 33,
    "a long number": "a = " + "9" * 5000,
    "a long hexadecimal number": "a = 0x" + "f" * 100_000,
    "more than 64 bits": "a = 9223372036854775808",
    "a key of many parts": "a" + ".a" * 500_000 + " = 1",
    "a quoted key of many parts": '"a"' + " . 'a'" * 200_000 + " = 1",
    "a table of many parts": "[" + "a." * 300_000 + "a]",
    "a key of many parts in a table": "a = {" + "a." * 300_000 + "a = 1}",
    "a key twice": "a = 1\na = 2",
}
JSON = {
    "deep lists": "[" * 100_000 + "]" * 100_000,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a long number": "9" * 1_000_000,
    "more than 64 bits": "18446744073709551616",
    "a key twice": '{"a": 1, "a": 2}',
    "no number": '{"a": NaN}',
    "no number either": "[-Infinity]",
}


@pytest.mark.parametrize("text", TOML.values(), ids=TOML)
def test_a_hostile_toml_is_a_wrong_one_at_once(text):
    began = time.process_time()
    with pytest.raises(tomllib.TOMLDecodeError):
        bounded.toml(text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("text", JSON.values(), ids=JSON)
def test_a_hostile_json_is_a_wrong_one_at_once(text):
    began = time.process_time()
    with pytest.raises(ValueError):
        bounded.json_of(text)
    assert time.process_time() - began < 2


def test_long_texts_with_many_dots_stay_what_they_are():
    text = 'need = """\n' + "and so on " + ". " * 500 + '\n1.2.3.4.5.6.7.8.9\n"""\n[a.b.c]\nd.e = 1'
    assert bounded.toml(text) == tomllib.loads(text)


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@examples(60)
@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_within_bounds_a_json_is_what_it_was(value):
    assert bounded.json_of(json.dumps(value)) == value


@examples(300)
@given(st.text(alphabet="a.=[]{}\"'\n 19x#,", max_size=60))
def test_any_text_is_what_the_standard_parser_says_or_wrong(text):
    try:
        expected = tomllib.loads(text)
    except ValueError:
        expected = None
    try:
        assert bounded.toml(text) == expected
    except tomllib.TOMLDecodeError:
        assert expected is None


def test_a_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "f").write_bytes(b"1234")
    assert bounded.read_at_most(tmp_path / "f", 4) == b"1234"
    assert bounded.read_at_most(tmp_path / "f", 3) is None
    assert bounded.read_at_most(__import__("pathlib").Path("/dev/zero"), 1 << 20) is None
