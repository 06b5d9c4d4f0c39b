"""Settings and labels of the run on a folder of videos that is asked what runs again."""

import csv
from pathlib import Path

from vadbench.demo.plan import benchmark_plan

OVERRIDE = """{
  folder: {
    data: {folder: videos, labels: labels.csv},
    shards: 2, splits: [weak], seeds: [0],
    texts: {
      template: "{}",
      labels: {
        fighting: people fighting, fire: a fire, accident: a car accident,
        fall: a person lying on the ground, panic: a crowd running away,
      },
    },
    features: {
      frames: {stride: 8}, clip: {model: demo},
      windows: {stage: windows, every: 4, scales: [2/2, 4/2], top: 4, keep: test, model: "demo"},
    },
    methods: [
      frame_difference, {sultani: {min_steps: 4, epochs: 2}},
      {stprompt: {epochs: 2, localisation: {threshold: 0.5}}},
    ],
    evaluation: {bootstrap_resamples: 20},
  }
}"""


def write_labels(path: Path, moved: int = 0) -> None:
    """Labels of the mini demo's videos; `moved` shifts the events of test videos by some frames."""
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["path", "part", "class", "start", "end"])
        for video in benchmark_plan(0, "mini").videos:
            name = Path(video.path).name
            if not video.events:
                lines.writerow([name, video.part, "normal", "", ""])
            for event in video.events:
                times = [event.start, event.end - moved] if video.part == "test" else ["", ""]
                lines.writerow([name, video.part, event.name, *times])
