"""Time and memory of the stages `frames` and `clip`, against plain code for the same work.

    python benchmarks/extract.py              # about 10 minutes on two cores
    python benchmarks/extract.py --quick      # a minute, to see that it runs; its ratios say little

Every round runs the plain pieces and the stages one after the other, in turn first, so that a busy machine
slows both; a ratio is the median over rounds of the ratios within a round. Limits:

- CPU, ViT-B-16: frames + clip <= 1.15 x (decoding + batched forward of the same sampled frames);
- CPU, demo model: frames + clip <= 1.25 x (the same sum + open_clip's transform + one JPEG round trip);
- memory of either stage flat from a 1,000-frame to a 20,000-frame video;
- GPU: frames <= 1.25 x (decoding + JPEG encoding with the same threads), clip <= 1.15 x the slower of
  (reading, JPEG decoding and transform with all threads) and forward. Not run, and said so, where torch sees
  no GPU.

The demo model has its own weights, ViT-B-16 random ones; both are loaded before the clock runs. Plain
pieces run one after another; decoding and the forward pass use all threads, the transform and the JPEG
round trip one, as a script would.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# As the command line does, before torch is imported: waiting threads must not spin.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vadbench.config import ClipSettings, FramesSettings
from vadbench.datasets import VideoEntry
from vadbench.datasets.entries import VideoList
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.models.device import limit_threads
from vadbench.models.open_clip_import import import_open_clip
from vadbench.stages import run_stage
from vadbench.stages.clip import embed_frames
from vadbench.stages.images import decode_image, encode_image, read_encoded
from vadbench.store import Part

Images = list[NDArray[np.uint8]]
FLAT = 1.10


@dataclass
class Limit:
    """One comparison: what ours and the plain work took, per round, in seconds."""

    name: str
    limit: float
    ours: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(ours / plain for ours, plain in zip(self.ours, self.plain, strict=True))

    def line(self) -> str:
        verdict = "met" if self.ratio <= self.limit else "MISSED"
        return (
            f"{self.name}: ratio {self.ratio:.2f}, limit {self.limit:.2f}: {verdict} "
            f"(ours {min(self.ours):.2f} s, plain {min(self.plain):.2f} s at best)"
        )


class Clock:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


@dataclass(frozen=True)
class Case:
    """A model on a video: what one comparison runs on."""

    name: str
    settings: ClipSettings
    model: ClipModel
    video: Path
    stride: int
    threads: int


def make_video(path: Path, frames: int, width: int = 320, height: int = 240) -> Path:
    """H.264 of a textured scene with a moving block and noise, as a still camera sees it."""
    random = np.random.default_rng(0)
    scene = random.integers(40, 200, (height // 8 + 1, width // 8 + 1, 3)).astype(np.float32)
    scene = np.asarray(
        Image.fromarray(scene.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    )
    noise = random.normal(0, 3, (16, height, width, 1))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=15, options={"preset": "veryfast", "crf": "26"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            image = scene + noise[number % 16]
            left = number * 3 % (width - 50)
            image[height // 3 : height // 2, left : left + 40] = (200, 60, 40)
            frame = av.VideoFrame.from_ndarray(image.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def plain_decoding(video: Path, stride: int, threads: int) -> Images:
    """PyAV, nothing else: every frame decoded, the sampled ones converted to RGB."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        return [
            frame.to_ndarray(format="rgb24")
            for index, frame in enumerate(container.decode(stream))
            if index % stride == 0
        ]


def plain_forward(model: ClipModel, batches: Sequence[torch.Tensor]) -> None:
    """The image tower on batches that are ready in memory, and its result back on the host."""
    with torch.inference_mode(), model._autocast():
        for batch in batches:
            model._towers.encode_image(batch.to(model.device)).float().cpu()


def plain_transform(model: ClipModel, images: Images) -> list[torch.Tensor]:
    """open_clip's own evaluation transform, one image after another."""
    open_clip = import_open_clip()
    config = open_clip.transform.PreprocessCfg(**model._towers.visual.preprocess_cfg)
    transform = open_clip.transform.image_transform_v2(config, is_train=False)
    return [transform(Image.fromarray(image)) for image in images]


def round_of(case: Case, folder: Path, ours_first: bool) -> dict[str, float]:
    """Seconds of every piece, plain and ours, in one round."""
    clock = Clock()
    steps: list[Callable[[], None]] = [lambda: _plain(case, clock), lambda: _ours(case, folder, clock)]
    for step in reversed(steps) if ours_first else steps:
        step()
    return clock.seconds


def _plain(case: Case, clock: Clock) -> None:
    with clock("decoding"):
        images = plain_decoding(case.video, case.stride, case.threads)
    with clock("JPEG encoding"):
        encoded = [encode_image(image, "jpeg") for image in images]
    with clock("JPEG decoding"):
        for jpeg in encoded:
            decode_image(jpeg)
    with clock("open_clip's transform"):
        tensors = plain_transform(case.model, images)
    size = case.settings.batch_size
    batches = [torch.stack(tensors[start : start + size]) for start in range(0, len(tensors), size)]
    with clock("forward"):
        plain_forward(case.model, batches)
    with clock("our transform"):
        for image in images:
            case.model.preprocess(image)
    with clock("JPEG encoding, all threads"), ThreadPoolExecutor(case.threads) as pool:
        list(pool.map(lambda image: encode_image(image, "jpeg"), images))


def _ours(case: Case, folder: Path, clock: Clock) -> None:
    shutil.rmtree(folder / "stores", ignore_errors=True)
    frames, clip = folder / "stores/frames/part-0000.h5", folder / "stores/clip/part-0000.h5"
    with clock("stage frames"):
        _frames(case.video, frames, case.stride, case.threads)
    with clock("stage clip"), Part.open(frames) as part:
        embed_frames(case.model, case.settings, part, clip, case.threads)
    with clock("reading, JPEG decoding, transform, all threads"), Part.open(frames) as part:
        rows = read_encoded(part, "video", range(part.row_count("video")))
        with ThreadPoolExecutor(case.threads) as pool:
            list(pool.map(lambda jpeg: case.model.preprocess(decode_image(jpeg)), rows))


def _frames(video: Path, out: Path, stride: int, threads: int) -> None:
    entry = VideoEntry(id="video", path=video.name, bytes=video.stat().st_size)
    settings = FramesSettings(stride=stride)
    videos = VideoList(benchmark="extract", shard=0, shards=1, videos=(entry,))
    listed = out.with_name("videos.json")
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text(videos.model_dump_json())
    run_stage(settings, videos=listed, data_root=video.parent, out=out, threads=threads)


def limits_of(case: Case, rounds: Sequence[dict[str, float]]) -> list[Limit]:
    """The comparisons that apply to a case on its device."""
    both = ["stage frames", "stage clip"]
    base = ["decoding", "forward"]
    if case.model.device.type == "cpu" and case.settings.model == "ViT-B-16":
        return [_limit(f"{case.name}, frames + clip", 1.15, rounds, both, base)]
    if case.model.device.type == "cpu":
        extra = ["open_clip's transform", "JPEG encoding", "JPEG decoding"]
        return [_limit(f"{case.name}, frames + clip", 1.25, rounds, both, base + extra)]
    frames = _limit(
        f"{case.name}, frames", 1.25, rounds, both[:1], ["decoding", "JPEG encoding, all threads"]
    )
    clip = Limit(f"{case.name}, clip", 1.15)
    for seconds in rounds:
        clip.ours.append(seconds["stage clip"])
        clip.plain.append(max(seconds["reading, JPEG decoding, transform, all threads"], seconds["forward"]))
    return [frames, clip]


def _limit(
    name: str, limit: float, rounds: Sequence[dict[str, float]], ours: Sequence[str], plain: Sequence[str]
) -> Limit:
    ours_and_plain = [[sum(seconds[key] for key in keys) for seconds in rounds] for keys in (ours, plain)]
    return Limit(name, limit, *ours_and_plain)


def print_pieces(case: Case, rounds: Sequence[dict[str, float]], images: int) -> None:
    """Where the time goes: the median of every piece, per sampled frame."""
    where = f"{case.threads} threads, {case.model.device}"
    print(f"\n{case.name}: {images} sampled frames, stride {case.stride}, {where}")
    for name in rounds[0]:
        seconds = statistics.median(r[name] for r in rounds)
        print(f"  {name:48} {seconds / images * 1e3:9.2f} ms a frame {images / seconds:10.1f} a second")


def peak_memory(video: Path, folder: Path, settings: ClipSettings, threads: int) -> dict[str, float]:
    """Peak MiB of each stage on a video, each in a process of its own."""
    frames, clip = folder / "frames/part-0000.h5", folder / "clip/part-0000.h5"
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        of_frames = pool.apply(_memory_of_frames, (video, frames, threads))
        of_clip = pool.apply(_memory_of_clip, (frames, clip, settings, threads))
    return {"frames": of_frames, "clip": of_clip}


def _memory_of_frames(video: Path, out: Path, threads: int) -> float:
    _frames(video, out, 1, threads)
    return _peak()


def _memory_of_clip(frames: Path, out: Path, settings: ClipSettings, threads: int) -> float:
    limit_threads(threads)
    model = load_clip(settings.model, settings.weights, device="cpu")
    with Part.open(frames) as part:
        embed_frames(model, settings, part, out, threads)
    return _peak()


def _peak() -> float:
    # Not ru_maxrss, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text()
    return float(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def compare_memory(
    folder: Path, settings: ClipSettings, threads: int, lengths: Sequence[int]
) -> dict[str, Any]:
    """Peak memory for a short and a long video, and whether it is flat."""
    peaks = {}
    for length in lengths:
        video = make_video(folder / f"{length}.mp4", length)
        peaks[length] = peak_memory(video, folder / str(length), settings, threads)
    short, long = (peaks[length] for length in lengths)
    for stage in short:
        growth = long[stage] / short[stage]
        verdict = "flat" if growth <= FLAT else "NOT FLAT"
        print(f"memory of {stage}: {short[stage]:.0f} MiB for {lengths[0]} frames, {long[stage]:.0f} MiB for "
              f"{lengths[1]}: {verdict}")  # fmt: skip
    return {"peak_mib": peaks, "flat": all(long[stage] <= FLAT * short[stage] for stage in short)}


def run_case(case: Case, folder: Path, rounds: int, images: int) -> dict[str, Any]:
    """All comparisons of one model, printed and as JSON values."""
    round_of(case, folder, True)  # not counted: first runs find cold caches
    seconds = [round_of(case, folder, bool(number % 2)) for number in range(rounds)]
    print_pieces(case, seconds, images)
    limits = limits_of(case, seconds)
    print(*(limit.line() for limit in limits), sep="\n")
    met = all(limit.ratio <= limit.limit for limit in limits)
    return {
        "limits": [{**asdict(limit), "ratio": limit.ratio} for limit in limits],
        "met": met,
        "rounds": seconds,
    }


def main() -> int:
    """Run all comparisons; 1 if a limit is missed."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="small sizes, one round")
    options.add_argument(
        "--small-model", default="demo", help="the small model: demo, or an open_clip JSON file"
    )
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--device", default="auto")
    options.add_argument("--out", type=Path, default=Path("benchmarks/results/extract.json"))
    chosen = options.parse_args()
    threads = limit_threads(chosen.threads)
    frames, rounds, lengths = (200, 1, (300, 1200)) if chosen.quick else (1000, 5, (1000, 20000))
    report: dict[str, Any] = {"threads": threads, "cases": {}}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        video = make_video(folder / "video.mp4", frames)
        for name, stride in (("ViT-B-16", 20), (chosen.small_model, 1)):
            weights = "demo" if name == "demo" else "none"
            model = load_clip(name, weights, device=chosen.device)
            settings = ClipSettings(
                model=name, weights=weights, batch_size=8 if model.device.type == "cpu" else 256
            )
            case = Case(Path(name).stem, settings, model, video, stride, threads)
            report["cases"][case.name] = run_case(case, folder, rounds, -(-frames // stride))
        report["memory"] = compare_memory(folder, settings, threads, lengths)
    if not torch.cuda.is_available():
        print("GPU limits: not run, torch sees no GPU")
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(report, indent=1))
    return 0 if report["memory"]["flat"] and all(case["met"] for case in report["cases"].values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
