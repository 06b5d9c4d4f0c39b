"""How far embeddings of frames stored as JPEG 95 are from those of the decoder's own pixels.

    python benchmarks/jpeg.py VIDEO [VIDEO ...] [--model demo --weights demo] [--stride 4]

Prints, over all sampled frames, the cosine between the two embeddings of a frame, and for scale the cosine
between the embeddings of neighbouring sampled frames.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.stages.images import decode_image, encode_image
from vadbench.video import open_video


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--model", default="demo")
    parser.add_argument("--weights", default="demo")
    parser.add_argument("--stride", type=int, default=4)
    arguments = parser.parse_args()
    model = load_clip(arguments.model, arguments.weights)
    stored, neighbours = [], []
    for path in arguments.videos:
        exact, jpeg = map(np.stack, zip(*_pairs(model, path, arguments.stride), strict=True))
        stored.append((exact * jpeg).sum(axis=1))
        neighbours.append((exact[1:] * exact[:-1]).sum(axis=1))
    _print("JPEG 95 against the decoder's pixels", np.concatenate(stored))
    _print("a frame against the sampled one before", np.concatenate(neighbours))


def _pairs(
    model: ClipModel, path: Path, stride: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Unit embeddings (D,) of each sampled frame and of its JPEG."""
    with open_video(path, threads=2) as reader:
        for frame in reader.frames(stride):
            images = [frame.image, decode_image(encode_image(frame.image, "jpeg"))]
            embeddings = model.encode_images(np.concatenate([model.preprocess(image) for image in images]))
            exact, jpeg = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
            yield exact, jpeg


def _print(what: str, cosines: NDArray[np.float32]) -> None:
    low, median = np.quantile(cosines, [0.01, 0.5])
    print(f"cosine, {what}: median {median:.5f}, 1st percentile {low:.5f}, least {cosines.min():.5f}")


if __name__ == "__main__":
    main()
