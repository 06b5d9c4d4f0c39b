"""A CLIP model small enough for tests: 1.8 million random parameters, most of them the vocabulary."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from vadbench.models.clip_tower import _create, _register_file

CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def write_architecture(folder: Path, **changes: object) -> Path:
    file = folder / "tiny.json"
    file.write_text(json.dumps({**CONFIG, **changes}))
    return file


def write_weights(architecture: Path, seed: int = 3) -> Path:
    """Weights whose outputs have the size of a trained model's; initial ones are near zero."""
    towers = _create(_register_file(architecture)[0], seed, {})
    state = {
        name: (value * 4 if value.ndim == 2 else value).contiguous()
        for name, value in towers.state_dict().items()
    }
    file = architecture.with_suffix(".safetensors")
    save_file({name: value.to(torch.float16) for name, value in state.items()}, file)
    return file
