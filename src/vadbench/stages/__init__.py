"""Offline stages: videos of one shard, own settings, input stores and weights to one part of a store."""

from vadbench.stages.protocol import StageInputs, derived_writer
from vadbench.stages.run import run_stage, stage_network

__all__ = ["StageInputs", "derived_writer", "run_stage", "stage_network"]
