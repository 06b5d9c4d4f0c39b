"""Merging layers, and finding values in YAML again."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vadbench.config.layers import Layer, holder, merged, with_nulls
from vadbench.config.yaml_text import line_of, one_line, read_mapping, value_at
from vadbench.errors import VadbenchError

KEYS = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
TREES = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda below: st.dictionaries(KEYS, below, max_size=3), max_leaves=6)
)


def leaves(tree: object, way: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    """Every way that ends at something that is no mapping (or an empty one), with what stands there."""
    if not isinstance(tree, dict) or not tree:
        return {way: tree}
    return {key: value for name, below in tree.items() for key, value in leaves(below, (*way, name)).items()}


@given(TREES, TREES)
def test_the_upper_layer_wins_and_the_rest_shows_through(
    below: dict[str, Any], above: dict[str, Any]
) -> None:
    result = merged(below, above)
    for way, value in leaves(above).items():
        if way and value != {}:
            assert value_at(result, way) == (value,)
    covered = set(leaves(above))
    for way, value in leaves(below).items():
        hidden = any(way[:length] in covered for length in range(1, len(way) + 1))
        deeper = value_at(above, way) is not None
        if way and not hidden and not deeper:
            assert value_at(result, way) == (value,)


@given(TREES)
def test_merging_with_nothing_changes_nothing(tree: dict[str, Any]) -> None:
    assert merged(tree, {}) == tree
    assert merged({}, tree) == tree
    assert merged(tree, tree) == tree


@given(TREES, TREES)
def test_merging_changes_neither_side(below: dict[str, Any], above: dict[str, Any]) -> None:
    before = one_line(below), one_line(above)
    merged(below, above)
    assert (one_line(below), one_line(above)) == before


@given(st.recursive(LEAVES, lambda below: st.dictionaries(KEYS, below, max_size=3), max_leaves=6))
def test_a_value_in_one_line_reads_as_the_same_value(value: object) -> None:
    text = one_line(value)
    assert "\n" not in text
    assert yaml.safe_load(text) == value


def test_lists_are_replaced() -> None:
    assert merged({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


def test_null_is_a_value() -> None:
    assert merged({"a": {"b": 1}}, {"a": {"b": None}}) == {"a": {"b": None}}
    assert value_at({"a": None}, ("a",)) == (None,)
    assert value_at({"a": None}, ("a", "b")) is None


def test_the_text_null_means_no_value() -> None:
    assert with_nulls({"a": ["null", "~", "none", ""]}) == {"a": [None, None, "none", ""]}


def test_the_holder_of_a_value_is_the_highest_layer_that_has_it() -> None:
    low = Layer({"a": {"b": 1, "c": 2}}, Path("low.yaml"))
    high = Layer({"a": {"b": 3}}, Path("high.yaml"))
    assert holder([low, high], ("a", "b")) is high
    assert holder([low, high], ("a", "c")) is low
    assert holder([low, high], ("a", "d")) is high
    assert holder([low, high], ("x",)) is low


def test_lines_of_values(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("# comment\na:\n  b: 1\n\n  c: {d: 2}\ne:\n  - f\n  - g:\n      h: 3\n")
    ways = {("a",): 2, ("a", "b"): 3, ("a", "c", "d"): 5, ("e", 0): 7, ("e", 1): 8, ("e", 1, "g", "h"): 9}
    assert {way: line_of(file, way) for way in ways} == ways
    assert line_of(file, ("a", "x")) is None
    assert line_of(file, ("e", 5)) is None
    assert line_of(tmp_path / "none.yaml", ("a",)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: 2\na: 3\n", r"x\.yaml:3: the key a stands twice"),
        (b"a:\n  no: 3\n", r"x\.yaml:2: the key no is read as False.*quotes"),
        (b"1: 3\n", r"x\.yaml:1: the key 1 is read as 1.*quotes"),
        (b"a: [1\n", r"x\.yaml:2: .*expected"),
        (b"a: !!python/object:os.system x\n", r"x\.yaml:1: could not determine a constructor"),
        (b"\xff\xfe\xfd", r"x\.yaml: .*"),
        (b"just text\n", "holds no settings"),
        (b"- a\n", "holds no settings"),
    ],
)
def test_yaml_that_cannot_be_settings(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    with pytest.raises(VadbenchError, match=message) as error:
        read_mapping(file)
    assert "\n" not in str(error.value)


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("# nothing yet\n")
    assert read_mapping(file) == {}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"x\.yaml: cannot be read: No such file"):
        read_mapping(tmp_path / "x.yaml")
