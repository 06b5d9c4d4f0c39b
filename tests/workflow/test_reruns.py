"""What runs again after a change: asked of Snakemake by dry runs, on one finished run."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from labelled_folder import OVERRIDE, write_labels
from project import Project

BEFORE_SCORES = {"frames", "clip", "windows", "link", "train"}
AFTER_SCORES = {"evaluate", "curves", "overview", "benchmark_tables", "tables"}


@pytest.fixture
def restored(finished: Project) -> Iterator[Project]:
    """The finished run; labels and lists are put back afterwards."""
    kept = {path: path.read_bytes() for path in _lists(finished.folder)}
    stamps = {path: path.stat() for path in kept}
    yield finished
    for path in _lists(finished.folder):
        if path not in kept:
            path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)
        os.utime(path, ns=(stamps[path].st_atime_ns, stamps[path].st_mtime_ns))


def _lists(folder: Path) -> list[Path]:
    return [folder / "data/labels.csv", *(folder / "stores/folder").rglob("*.json")]


def test_a_second_run_does_nothing(finished: Project) -> None:
    assert finished.planned() == {}


def test_other_cores_do_nothing(finished: Project) -> None:
    assert finished.planned("--cores", "8") == {}


def test_a_moved_data_root_does_nothing(finished: Project, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "data", tmp_path / "moved")
    assert finished.planned(data_root=str(tmp_path / "moved")) == {}


def test_another_device_does_nothing(finished: Project) -> None:
    assert finished.planned(device="cpu") == {}


def test_another_way_with_bad_videos_does_nothing(finished: Project) -> None:
    assert finished.planned(override=OVERRIDE.replace("shards: 2", "on_bad_video: fail, shards: 2")) == {}


def test_a_learning_rate_runs_its_method_and_the_tables(finished: Project) -> None:
    jobs = finished.planned(override=OVERRIDE.replace("min_steps: 4", "min_steps: 4, lr: 0.001"))
    assert set(jobs) == {"train", "score", *AFTER_SCORES}
    assert jobs["train"] == jobs["score"] == jobs["evaluate"] == jobs["curves"] == 1


def test_a_model_runs_clip_and_its_readers_but_not_frames(finished: Project) -> None:
    jobs = finished.planned(override=OVERRIDE.replace("model: demo", "model: demo, weights: none"))
    assert set(jobs) == {"clip", "link", "cost", "train", "score", *AFTER_SCORES}
    assert jobs["clip"] == 2
    assert jobs["link"] == jobs["train"] == 1


def test_costs_are_counted_and_rates_read_from_the_logs(finished: Project) -> None:
    with (finished.folder / "results/cost.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["frames", "clip", "windows", "frame_difference", "sultani", "stprompt"]
    for name in ("frames", "clip", "windows"):
        assert float(rows[name]["frames_per_second"]) > 0
        assert "thread" in rows[name]["measured_on"]
        assert "measured on" not in rows[name]["note"]
    assert int(rows["stprompt"]["flops_per_frame_total"]) > int(rows["windows"]["flops_per_frame"]) > 0


def test_freed_frames_are_not_made_again_for_costs(finished: Project) -> None:
    frames = finished.folder / "stores/folder/frames"
    freed = frames.rename(frames.with_name("freed"))
    override = OVERRIDE.replace("threshold: 0.5", "threshold: 0.4")
    try:
        done = finished.snakemake("--dry-run", "results/cost.csv", override=override)
    finally:
        freed.rename(frames)
    assert "rule cost:" in done.stdout + done.stderr
    assert "rule frames:" not in done.stdout + done.stderr


def test_a_stride_runs_everything(finished: Project) -> None:
    jobs = finished.planned(override=OVERRIDE.replace("stride: 8", "stride: 4"))
    assert {"frames", "clip", "train", "score"} <= set(jobs)


def test_a_new_seed_adds_runs(finished: Project) -> None:
    jobs = finished.planned(override=OVERRIDE.replace("seeds: [0]", "seeds: [0, 1]"))
    assert set(jobs) == {"train", "score", "evaluate", "overview", "benchmark_tables", "tables"}
    assert jobs["train"] == 2


def test_a_threshold_of_localisation_scores_evaluates_and_tables_but_does_not_train(
    finished: Project,
) -> None:
    jobs = finished.planned(override=OVERRIDE.replace("threshold: 0.5", "threshold: 0.4"))
    assert {"score", *AFTER_SCORES} <= set(jobs)
    assert not BEFORE_SCORES & set(jobs)
    assert jobs["score"] == jobs["evaluate"] == jobs["curves"] == 1


def test_another_branch_is_scored_without_training_unless_scores_choose_the_checkpoint(
    finished: Project,
) -> None:
    jobs = finished.planned(override=OVERRIDE.replace("stprompt: {", "stprompt: {score: c_branch, "))
    assert {"score", *AFTER_SCORES} <= set(jobs)
    assert not BEFORE_SCORES & set(jobs)
    held_out = OVERRIDE.replace("stprompt: {", "stprompt: {score: c_branch, selection: held_out, ")
    assert finished.planned(override=held_out)["train"] == 1


def test_a_template_runs_no_training_and_nothing_that_reads_no_text(finished: Project) -> None:
    jobs = finished.planned(override=OVERRIDE.replace('template: "{}"', 'template: "an image of {}"'))
    assert {"score", *AFTER_SCORES} <= set(jobs)
    assert not BEFORE_SCORES & set(jobs)
    assert jobs["score"] == 1


def test_a_text_trains_what_reads_texts(finished: Project) -> None:
    jobs = finished.planned(override=OVERRIDE.replace("fire: a fire", "fire: flames"))
    assert {"score", *AFTER_SCORES} <= set(jobs)
    assert BEFORE_SCORES & set(jobs) == {"train"}
    assert jobs["train"] == jobs["score"] == 1


def test_a_corrected_label_runs_no_stage(restored: Project) -> None:
    write_labels(restored.folder / "data/labels.csv", moved=3)
    jobs = restored.planned()
    assert not {"frames", "clip", "link", "cost"} & set(jobs)
    assert {"train", "evaluate", "tables"} <= set(jobs)


def test_a_new_video_runs_its_shard(restored: Project) -> None:
    folder = restored.folder / "data"
    first = sorted((folder / "videos").iterdir())[0]
    new = folder / "videos" / "zz_new.mp4"
    shutil.copy(first, new)
    with (folder / "labels.csv").open("a") as file:
        file.write("zz_new.mp4,test,normal,,\n")
    try:
        jobs = restored.planned()
        assert jobs["frames"] == jobs["clip"] == 1
        assert {"link", "train", "score", "evaluate", "tables"} <= set(jobs)
    finally:
        new.unlink()


def test_forcing_a_set_runs_it_and_its_readers(finished: Project) -> None:
    jobs = finished.planned("--forcerun", "clip")
    assert set(jobs) == {"clip", "link", "cost", "train", "score", *AFTER_SCORES}


def test_the_report_names_a_benchmark_that_was_typed_without_a_list(
    finished: Project, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    done = finished.snakemake("--report", str(page), benchmarks="folder")
    assert done.returncode == 0, done.stderr
    assert "Benchmarks of this run: folder." in page.read_text(encoding="utf-8")


def _flip_a_byte(part: Path) -> None:
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 0xFF
    stamp = part.stat()
    part.write_bytes(content)
    os.utime(part, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def test_a_repaired_part_runs_nothing_after_it(finished: Project) -> None:
    folder = "stores/folder/frames"
    _flip_a_byte(finished.folder / folder / "part-0000.h5")
    found = finished.vadbench("verify", folder)
    assert found.returncode == 1
    assert "part-0000.h5" in found.stdout
    assert "part-0001.h5" not in found.stdout
    repaired = finished.vadbench("verify", folder, "--repair")
    assert repaired.returncode == 0, repaired.stderr
    assert "part-0000.h5" in repaired.stdout
    assert "part-0001.h5" not in repaired.stdout
    assert finished.vadbench("verify", folder).returncode == 0
    assert finished.planned() == {}


def test_a_part_deleted_by_hand_stops_its_reader_with_the_command_to_type(finished: Project) -> None:
    part = finished.folder / "stores/folder/clip/part-0001.h5"
    part.unlink()
    train = "train --method sultani --split weak --features stores/folder/clip/store.json"
    files = "--annotations stores/folder/annotations.json --out elsewhere"
    stopped = finished.vadbench(*train.split(), *files.split())
    assert stopped.returncode == 2
    assert len(stopped.stderr.strip().splitlines()) == 1
    assert "part-0001.h5 is missing" in stopped.stderr
    assert "vadbench verify --repair stores/folder/clip" in stopped.stderr
    assert finished.vadbench("verify", "--repair", "stores/folder/clip").returncode == 0
    assert finished.planned() == {}


def test_scores_of_others_run_the_tables_and_stand_in_them(finished: Project) -> None:
    (finished.folder / "own.yaml").write_text(f"benchmarks: [folder]\noverride: {OVERRIDE}\n")
    with (finished.folder / "data/labels.csv").open(newline="") as file:
        test = sorted({row["path"] for row in csv.DictReader(file) if row["part"] == "test"})
    frames = [f"{name},{frame},{number}" for number, name in enumerate(test) for frame in (0, 8)]
    (finished.folder / "scores.csv").write_text("\n".join(["video,frame,score", *frames, ""]))
    asked = "--scores scores.csv --benchmark folder --split weak --config own.yaml --data-root data"
    lengths = [f"{name},16" for name in test]
    (finished.folder / "first.csv").write_text("\n".join(["video,frames", *lengths, ""]))
    settings = '{"length_rule": "first.csv"}'
    done = finished.vadbench("evaluate", *asked.split(), "--settings", settings, "--as", "seed-0")
    assert done.returncode == 0, done.stderr
    assert finished.planned() == {"benchmark_tables": 1, "tables": 1}
    finished.run("results/tables.csv")
    assert finished.planned() == {}
    for table in ("results/tables.csv", "results/folder/tables.csv"):
        with (finished.folder / table).open(newline="") as file:
            lines = [row for row in csv.DictReader(file) if row["features"] == "external"]
        assert {row["method"] for row in lines} == {"seed-0"}
        assert {row["split"] for row in lines} == {"weak"}
        assert "length as in first.csv" in lines[0]["convention"]
    shutil.rmtree(finished.folder / "results/folder/external")
    assert finished.planned() == {"benchmark_tables": 1, "tables": 1}
    finished.run("results/tables.csv")
