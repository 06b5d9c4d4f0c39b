"""File names: unique, safe, and their own where that is possible."""

import re

from hypothesis import given
from hypothesis import strategies as st

from vadbench.figures.names import file_stems, nearest_names


@given(
    st.lists(
        st.text(max_size=40) | st.sampled_from(["a", "A", "a/b", "a b", "a_b", "con", "..", "."]), unique=True
    )
)
def test_stems_are_safe_and_unique_where_case_does_not_count(ids: list[str]) -> None:
    stems = file_stems(ids)
    assert list(stems) == ids
    assert len({stem.casefold() for stem in stems.values()}) == len(ids)
    for stem in stems.values():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,180}", stem)


def test_plain_ids_keep_their_names_whatever_their_neighbours() -> None:
    assert (
        file_stems(["Normal_Videos_003_x264", "v=1#t/2"])["Normal_Videos_003_x264"]
        == "Normal_Videos_003_x264"
    )
    changed = file_stems(["v=1#t/2"])["v=1#t/2"]
    assert changed.startswith("v_1_t_2-")
    assert file_stems([changed, "v=1#t/2"])[changed] == changed


def test_devices_of_windows_are_no_names() -> None:
    assert not {stem.casefold() for stem in file_stems(["CON", "nul.mp4", "com1"]).values()} & {
        "con",
        "nul.mp4",
        "com1",
    }


def test_nearest_names_come_first() -> None:
    assert nearest_names("Test01", ["Train001", "Test001", "x"]).startswith("'Test001'")
