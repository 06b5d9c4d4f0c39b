"""Where commands on sets of histograms take motion from: a stored part, or settings to make it anew with."""

import json
from contextlib import suppress
from pathlib import Path

import typer

from vadbench.cli.arguments import read_json
from vadbench.config import (
    FeatureSet,
    HistogramsSettings,
    MotionSettings,
    load_benchmark,
    load_run_settings,
    settings_of_option,
)
from vadbench.config.yaml_text import read_mapping
from vadbench.errors import VadbenchError


def motion_of_options(
    settings: FeatureSet, part: Path | None, motion_settings: str | None
) -> Path | MotionSettings | None:
    """What --motion and --motion-settings say; None for a stage that reads no motion.

    Raises:
        VadbenchError: where neither or both are given, or one to a stage that reads no motion.
    """
    options = {"--motion": part, "--motion-settings": motion_settings}
    given = [name for name, value in options.items() if value is not None]
    if not isinstance(settings, HistogramsSettings):
        if given:
            raise VadbenchError(f"{given[0]}: the stage {settings.stage} reads no motion; leave it out")
        return None
    if len(given) != 1:
        raise VadbenchError(
            f"stage histograms: --motion, the part of {settings.motion!r} for the same shard, or "
            f"--motion-settings, to make the same anew: {'not both' if given else 'one of them is needed'}"
        )
    if motion_settings is None:
        return part
    return settings_of_option(
        MotionSettings, "--motion-settings", read_json("--motion-settings", motion_settings)
    )


def motion_of_set(folder: Path, settings: FeatureSet, config: Path) -> MotionSettings | None:
    """The motion that a set of histograms was made of: as its parts say, or else the benchmark's settings.

    None for another set. That there are parts and none can be asked is said on stderr.

    Raises:
        VadbenchError: where neither says it.
    """
    from vadbench.store import Part

    if not isinstance(settings, HistogramsSettings):
        return None
    parts = sorted(folder.glob("part-*.h5"))
    for path in parts:
        noted: object = None
        with suppress(VadbenchError), Part.open(path) as part:
            noted = part.attributes.get("motion")
        if isinstance(noted, dict):
            return settings_of_option(MotionSettings, str(path), noted["settings"])
    run = load_run_settings(read_mapping(config) if config.exists() else {}, config)
    features = load_benchmark(folder.parent.name, config.parent / "config", run.override).features
    motion = features.get(settings.motion)
    if not isinstance(motion, MotionSettings):
        raise VadbenchError(
            f"{folder}: nothing says what its motion was made with: no part of it is left, and "
            f"{config.parent / 'config'} has no set {settings.motion!r} of the stage motion"
        )
    if parts:
        typer.echo(
            f"{folder}: none of its parts can be read for what its motion was made with; taken as "
            f"{config.parent / 'config'} has it: {json.dumps(motion.identity(), sort_keys=True)}",
            err=True,
        )
    return motion


def stored_or_anew(
    part: Path, settings: FeatureSet, motion: MotionSettings | None
) -> Path | MotionSettings | None:
    """The stored part of this motion for a part of histograms, where it is there; else the settings.

    That it is there and damaged is said on stderr.
    """
    from vadbench.store import Part

    if motion is None or not isinstance(settings, HistogramsSettings):
        return None
    stored = part.parent.parent / settings.motion / part.name
    if not stored.exists():
        return motion
    try:
        with Part.open(stored) as found:
            fits = found.settings == motion.identity() and found.revision == motion.REVISION
    except VadbenchError as error:
        typer.echo(f"{part}: its motion is made anew, for {error}", err=True)
        return motion
    return stored if fits else motion
