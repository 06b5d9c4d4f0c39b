"""Several crops of a frame: which is trained on, which is scored."""

from collections.abc import Sequence

from vadbench.config.clip import crop_names
from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import Features, single_precision
from vadbench.methods.layers.lengths import Floats

MEAN = "mean"


def crops_of(features: Features) -> tuple[str, ...]:
    """Names of the crops of a set of the stage clip, in its order."""
    return crop_names(features.arrays["embedding"].shape[0])


def crop_embeddings(features: Features, video: str) -> Floats:
    """(T, crops, D) float32 embeddings of a video, not normalised."""
    return single_precision(features.read(video, "embedding"))


def scored_crops(features: Features, wanted: str, method: str) -> Sequence[int]:
    """Places of the crops whose mean score counts: of one by its name, or of all of them for `mean`.

    method: who asks, for the message.

    Raises:
        VadbenchError: the features have no such crop.
    """
    names = crops_of(features)
    if wanted == MEAN:
        return range(len(names))
    if wanted not in names:
        raise VadbenchError(
            f"{method}: test_crop: the features have no crop {wanted!r}; allowed: {', '.join(names)}, {MEAN}"
        )
    return (names.index(wanted),)
