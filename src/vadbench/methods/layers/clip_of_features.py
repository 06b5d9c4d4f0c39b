"""The CLIP model that made a feature set, for methods that need its text tower."""

from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import Features
from vadbench.models.clip_tower import ClipModel, load_clip


def clip_of(features: Features, method: str, device: str) -> ClipModel:
    """The model with the weights that the set's embeddings came from, in fp32.

    method: who asks, for the message.

    Raises:
        VadbenchError: the weights under that name are others now, or are not there.
    """
    settings = features.settings
    model = load_clip(
        str(settings["model"]),
        str(settings["weights"]),
        seed=int(str(settings["seed"])),
        device=device,
        precision="fp32",
    )
    if model.weights_sha256 not in (*features.weights.values(), ""):
        raise VadbenchError(
            f"{method}: the features were made with other weights than {model.weights_name} holds now; "
            "make them again, or bring those weights back"
        )
    return model
