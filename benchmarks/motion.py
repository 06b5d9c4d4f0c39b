"""Speed and memory of the stage `motion`, against bare libx265 on the same frames in memory.

    python benchmarks/motion.py VIDEO         # a file or a folder of frames: five rounds; then 10,000 frames
    python benchmarks/motion.py VIDEO --quick # one round of each, and 1,000 frames

The two sides encode every frame of the video with the same settings, each in one thread:

- `motion` is all that the stage does for a shard of this one video, on two threads: trying the encoder,
  decoding the video from disk and converting its frames to YUV, ahead in a thread of its own; encoding with
  x265's dump; reading the dump from its pipe; writing the part;
- `bare x265` encodes the frames, decoded and converted beforehand and held in memory, to packets that are
  thrown away; without a dump.

Every round runs all pieces, in turn in the other order, so that a busy machine slows them alike; a ratio is
the median over rounds of the ratios within a round. Limits:

- `motion` takes at most 1.25 times as long as `bare x265`. It needs two cores that are free;
- memory grows by at most 8 MiB over the second half of the stage's run on a long video, which has the frames
  again and again.

For orientation: decoding and conversion alone, and H.264 by libx264 at the same preset from frames in memory,
decoded again with its vectors exported.
"""

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av
import psutil

from vadbench.config import MotionSettings
from vadbench.models import hevc_vectors
from vadbench.models.hevc_vectors import EncoderFrame, FrameConverter
from vadbench.stages import run_stage
from vadbench.store import Part
from vadbench.video import open_video

SLOWER = 1.25
GROWTH_BYTES = 8 << 20
SETTINGS = MotionSettings()
RATE = 25


def read_frames(path: Path) -> list[EncoderFrame]:
    convert = FrameConverter()
    with open_video(path) as reader:
        return [convert(frame.image) for frame in reader.frames()]


def motion(path: Path) -> tuple[int, str]:
    """Run the stage on a shard of one video; how many frames its part has, and the encoder's version."""
    with tempfile.TemporaryDirectory() as folder:
        videos, out = Path(folder) / "0000.json", Path(folder) / "part-0000.h5"
        entry = {"id": "video", "path": path.name, "bytes": 1}
        videos.write_text(json.dumps({"benchmark": "one", "shard": 0, "shards": 1, "videos": [entry]}))
        run_stage(SETTINGS, videos=videos, data_root=path.parent, out=out, threads=2)
        with Part.open(out) as part:
            return part.row_count("video"), str(part.attributes["x265"])


def encode(frames: list[EncoderFrame], codec: str, options: dict[str, str]) -> list[Any]:
    """Encode frames without a container."""
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height = frames[0].picture.width, frames[0].picture.height
    context.pix_fmt, context.time_base, context.thread_count = "yuv420p", Fraction(1, RATE), 1
    context.options = {"preset": SETTINGS.preset, **options}
    packets: list[Any] = []
    for index, (_, picture) in enumerate(frames):
        picture.pts, picture.time_base = index, context.time_base
        packets += context.encode(picture)
    packets += context.encode(None)
    return packets


def bare(frames: list[EncoderFrame]) -> None:
    """libx265 at the settings of `hevc_vectors`, without a dump."""
    options = {k: v for k, v in hevc_vectors._OPTIONS.items() if not k.startswith("analysis")}
    options["crf"] = str(SETTINGS.crf)
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


def compare(path: Path, frames: list[EncoderFrame], rounds: int) -> bool:
    """Print frames per second and ratios; whether the limit is kept."""
    count, version = motion(path)  # also so that nothing is imported while the clock runs
    if count != len(frames):
        raise SystemExit(f"{path}: the stage has {count} frames of it, and plain decoding {len(frames)}")
    pieces = {
        "bare x265": lambda: bare(frames),
        "motion": lambda: motion(path),
        "decoding": lambda: read_frames(path),
        "H.264": lambda: h264(frames),
    }
    took: dict[str, list[float]] = {name: [] for name in pieces}
    for number in range(rounds):
        for name in list(pieces)[:: -1 if number % 2 else 1]:
            took[name].append(seconds(pieces[name]))
    for name, each in took.items():
        print(f"{name:<10} {len(frames) / statistics.median(each):8.1f} frames/s")
    ratios = [m / b for m, b in zip(took["motion"], took["bare x265"], strict=True)]
    ratio = statistics.median(ratios)
    print(
        f"motion takes {ratio:.2f} times as long as bare x265 {version} (limit {SLOWER}); in single rounds "
        f"{min(ratios):.2f} to {max(ratios):.2f}; load average {os.getloadavg()[0]:.1f}"
    )
    return ratio <= SLOWER


def write_long(path: Path, frames: list[EncoderFrame], count: int) -> None:
    """A video file of the frames, again and again."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height = frames[0].picture.width, frames[0].picture.height
        stream.pix_fmt, stream.codec_context.thread_count = "yuv420p", 1
        for index, (_, picture) in enumerate(islice(cycle(frames), count)):
            picture.pts, picture.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def memory(frames: list[EncoderFrame], count: int) -> bool:
    """Print memory of the stage over a long video; whether it stays flat."""
    process, sizes, done = psutil.Process(os.getpid()), list[int](), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            sizes.append(process.memory_info().rss)

    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "long.mp4"
        write_long(video, frames, count)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            found, _ = motion(video)
        finally:
            done.set()
            watcher.join()
    half, last = max(sizes[: len(sizes) // 2]), max(sizes)
    print(
        f"memory over {found} frames: {half / 2**20:.0f} MiB by the middle, {last / 2**20:.0f} MiB by the end"
    )
    return found == count and last - half <= GROWTH_BYTES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--quick", action="store_true", help="one round")
    arguments = parser.parse_args()
    frames = read_frames(arguments.video)
    size = "x".join(map(str, frames[0].size))
    print(f"{len(frames)} frames of {size} pixels, preset {SETTINGS.preset}, encoded in one thread")
    kept = compare(arguments.video.resolve(), frames, 1 if arguments.quick else 5)
    flat = memory(frames, 1_000 if arguments.quick else 10_000)
    raise SystemExit(0 if kept and flat else 1)


if __name__ == "__main__":
    main()
