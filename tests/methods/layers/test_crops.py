"""Which crops count."""

from pathlib import Path

import numpy as np
import pytest

from feature_sets import write_clip_set
from vadbench.errors import VadbenchError
from vadbench.methods.layers.crops import crop_embeddings, crops_of, scored_crops
from vadbench.store import Store


def store(folder: Path, crops: int) -> Store:
    return write_clip_set(folder, {"a": np.arange(2 * crops * 3).reshape(2, crops, 3)})


def test_crops_have_the_names_of_their_order(tmp_path: Path) -> None:
    ten = store(tmp_path, 10)
    assert crops_of(ten)[0] == "center"
    assert crops_of(ten)[5] == "center_mirrored"
    assert scored_crops(ten, "center", "vadclip") == (0,)
    assert scored_crops(ten, "center_mirrored", "vadclip") == (5,)
    assert list(scored_crops(ten, "mean", "vadclip")) == list(range(10))
    np.testing.assert_array_equal(crop_embeddings(ten, "a"), np.arange(60).reshape(2, 10, 3))


def test_a_crop_that_is_not_there_is_named(tmp_path: Path) -> None:
    message = "vadclip: test_crop: the features have no crop 'center_mirrored'; allowed: center, mean"
    with pytest.raises(VadbenchError, match=message):
        scored_crops(store(tmp_path, 1), "center_mirrored", "vadclip")
