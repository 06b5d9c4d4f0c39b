"""Speed and memory of motion vectors, against bare libx265 on the same frames in memory.

    python benchmarks/motion.py VIDEO         # 300 of its frames, five rounds; then 10,000 for memory
    python benchmarks/motion.py VIDEO --quick # one round of each, and 1,000 frames

Frames lie in memory as the encoder takes them, which in the stage the decoding thread sees to. Every round
runs all pieces, in turn in the other order, so that a busy machine slows them alike; a ratio is the median
over rounds of the ratios within a round. Limits:

- motion vectors, with x265's dump, its parsing and the pipe, at most 1.25 times as long as encoding without
  them at the same settings;
- memory grows by at most 8 MiB over the second half of the long video.

For orientation: H.264 by libx264 at the same preset, decoded again with its vectors exported.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av
import psutil

from vadbench.models import hevc_vectors
from vadbench.models.hevc_vectors import EncoderFrame, FrameConverter, HevcVectors
from vadbench.video import open_video

SLOWER = 1.25
GROWTH_BYTES = 8 << 20
PRESET, CRF = "medium", 28


def read_frames(path: Path, count: int) -> list[EncoderFrame]:
    convert = FrameConverter()
    with open_video(path) as reader:
        return [convert(frame.image) for frame in islice(reader.frames(), count)]


def encode(frames: list[EncoderFrame], codec: str, options: dict[str, str]) -> list[Any]:
    """Encode frames without a container."""
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height = frames[0].picture.width, frames[0].picture.height
    context.pix_fmt, context.time_base, context.thread_count = "yuv420p", Fraction(1, 25), 1
    context.options = {"preset": PRESET, **options}
    packets: list[Any] = []
    for index, (_, picture) in enumerate(frames):
        picture.pts, picture.time_base = index, context.time_base
        packets += context.encode(picture)
    packets += context.encode(None)
    return packets


def bare(frames: list[EncoderFrame]) -> None:
    """libx265 at the settings of `hevc_vectors`, without a dump."""
    options = {k: v for k, v in hevc_vectors._OPTIONS.items() if not k.startswith("analysis")}
    options["crf"] = str(CRF)
    encode(frames, "libx265", {"x265-params": ":".join(f"{k}={v}" for k, v in options.items())})


def h264(frames: list[EncoderFrame]) -> None:
    """P pictures by libx264, and their vectors from the decoder."""
    packets = encode(frames, "libx264", {"bf": "0", "refs": "1", "crf": "23"})
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.options = {"flags2": "+export_mvs"}
    decoder.thread_count = 1
    decoded = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    assert len(decoded) == len(frames)
    for frame in decoded:
        vectors = frame.side_data.get("MOTION_VECTORS")
        if vectors is not None:
            vectors.to_ndarray()


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def compare(frames: list[EncoderFrame], rounds: int) -> bool:
    """Print frames per second and ratios; whether the limit is kept."""
    vectors = HevcVectors(PRESET, CRF)
    pieces = {
        "bare x265": lambda: bare(frames),
        "motion": lambda: sum(1 for _ in vectors.fields(frames)),
        "H.264": lambda: h264(frames),
    }
    took: dict[str, list[float]] = {name: [] for name in pieces}
    for number in range(rounds):
        for name in list(pieces)[:: -1 if number % 2 else 1]:
            took[name].append(seconds(pieces[name]))
    for name, each in took.items():
        print(f"{name:<10} {len(frames) / statistics.median(each):8.1f} frames/s")
    ratio = statistics.median(m / b for m, b in zip(took["motion"], took["bare x265"], strict=True))
    print(f"motion takes {ratio:.2f} times as long as bare x265 {vectors.version} (limit {SLOWER})")
    return ratio <= SLOWER


def memory(frames: list[EncoderFrame], count: int) -> bool:
    """Print memory over a long video; whether it stays flat."""
    process = psutil.Process(os.getpid())

    def long_video() -> Iterator[EncoderFrame]:
        yield from islice(cycle(frames), count)

    sizes = [process.memory_info().rss for _ in HevcVectors(PRESET, CRF).fields(long_video())]
    half, last = max(sizes[: count // 2]), max(sizes)
    print(
        f"memory over {count} frames: {half / 2**20:.0f} MiB by the middle, {last / 2**20:.0f} MiB by the end"
    )
    return last - half <= GROWTH_BYTES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--quick", action="store_true", help="one round")
    arguments = parser.parse_args()
    frames = read_frames(arguments.video, 300)
    print(f"{len(frames)} frames of {'x'.join(map(str, frames[0].size))} pixels, preset {PRESET}, one thread")
    kept = compare(frames, 1 if arguments.quick else 5)
    flat = memory(frames, 1_000 if arguments.quick else 10_000)
    raise SystemExit(0 if kept and flat else 1)


if __name__ == "__main__":
    main()
