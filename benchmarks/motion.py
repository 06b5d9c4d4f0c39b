"""Speed and memory of the stage `motion`, against bare libx265 on the same frames in memory.

    python benchmarks/motion.py VIDEO         # a file or a folder of frames: five rounds; then long videos
    python benchmarks/motion.py VIDEO --quick # one round of each, and shorter ones

The two sides encode every frame of the video with the same settings, each in one thread, five times over:

- `motion` is all that the stage does for a shard of five such videos, on two threads: trying the encoder,
  decoding each video from disk and converting its frames to YUV, ahead in a thread of its own; encoding with
  x265's dump; reading the dump from its pipe; writing the part;
- `bare x265` encodes the frames, decoded and converted beforehand and held in memory, to packets that are
  thrown away, and its dump to a file.

Every round runs all pieces, in turn in the other order, so that a busy machine slows them alike; a ratio is
the median over rounds of the ratios within a round. Limits:

- `motion` takes at most 1.25 times as long as `bare x265`. It needs two cores that are free;
- the stage's peak of memory over a video of 10,000 frames, which has the same ones again and again, is at
  most 8 MiB above that of a video half as long; each in a process of its own.

For orientation: decoding and conversion alone, and H.264 by libx264 at the same preset from frames in memory,
decoded again with its vectors exported.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av

from vadbench.config import MotionSettings
from vadbench.models import hevc_vectors
from vadbench.models.hevc_vectors import EncoderFrame, FrameConverter
from vadbench.stages import run_stage
from vadbench.store import Part
from vadbench.video import open_video

SLOWER = 1.25
GROWTH_MIB = 8
SETTINGS = MotionSettings()
RATE = 25
COPIES = 5


def read_frames(path: Path) -> list[EncoderFrame]:
    convert = FrameConverter()
    with open_video(path) as reader:
        return [convert(frame.image) for frame in reader.frames()]


def motion(path: Path, copies: int) -> tuple[int, str]:
    """Run the stage on a shard of one video, several times; frames of each, and the encoder's version."""
    with tempfile.TemporaryDirectory() as folder:
        videos, out = Path(folder) / "0000.json", Path(folder) / "part-0000.h5"
        entries = [{"id": f"video {number}", "path": path.name, "bytes": 1} for number in range(copies)]
        videos.write_text(json.dumps({"benchmark": "one", "shard": 0, "shards": 1, "videos": entries}))
        run_stage(SETTINGS, videos=videos, data_root=path.parent, out=out, threads=2)
        with Part.open(out) as part:
            (count,) = {part.row_count(id) for id in part.videos}
            return count, str(part.attributes["x265"])


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
    """libx265 at the settings of `hevc_vectors`, its dump among them."""
    with tempfile.TemporaryDirectory() as folder:
        options = {**hevc_vectors._OPTIONS, "crf": str(SETTINGS.crf), "analysis-save": f"{folder}/dump"}
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


def times(count: int, action: Callable[[], object]) -> None:
    for _ in range(count):
        action()


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def compare(path: Path, frames: list[EncoderFrame], rounds: int) -> bool:
    """Print frames per second and ratios; whether the limit is kept."""
    count, version = motion(path, 1)  # also so that nothing is imported while the clock runs
    if count != len(frames):
        raise SystemExit(f"{path}: the stage has {count} frames of it, and plain decoding {len(frames)}")
    pieces = {
        "bare x265": lambda: times(COPIES, lambda: bare(frames)),
        "motion": lambda: motion(path, COPIES),
        "decoding": lambda: times(COPIES, lambda: read_frames(path)),
        "H.264": lambda: times(COPIES, lambda: h264(frames)),
    }
    took: dict[str, list[float]] = {name: [] for name in pieces}
    for number in range(rounds):
        for name in list(pieces)[:: -1 if number % 2 else 1]:
            took[name].append(seconds(pieces[name]))
    for name, each in took.items():
        print(f"{name:<10} {COPIES * len(frames) / statistics.median(each):8.1f} frames/s")
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


def peak(frames: list[EncoderFrame], count: int) -> float:
    """MiB at the peak of the stage over a video of so many frames, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "long.mp4"
        write_long(video, frames, count)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            found, mebibytes = pool.submit(measured_motion, video).result()
    if found != count:
        raise SystemExit(f"the stage has {found} of {count} frames")
    return mebibytes


def measured_motion(path: Path) -> tuple[int, float]:
    """Run the stage on one video; its frames, and the most MiB that this process ever had."""
    count, _ = motion(path, 1)
    # Not ru_maxrss, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text().splitlines()
    (kibibytes,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return count, kibibytes / 1024


def memory(frames: list[EncoderFrame], count: int) -> bool:
    """Print memory of the stage over a long video and one half as long; whether it stays flat."""
    half, whole = (peak(frames, number) for number in (count // 2, count))
    print(f"peak of memory: {half:.0f} MiB over {count // 2} frames, {whole:.0f} over {count}")
    return whole - half <= GROWTH_MIB


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
