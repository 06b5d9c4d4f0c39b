"""Settings: types, the three layers they are read from, and the runs they stand for. Imports no torch."""

from vadbench.config.benchmark import BenchmarkSettings, MethodEntry
from vadbench.config.clip import ClipSettings
from vadbench.config.cost import CostSettings
from vadbench.config.data import (
    DATA_SETTINGS,
    AvenueData,
    DataSettings,
    DemoData,
    FolderData,
    NwpuData,
    Ped2Data,
    ShanghaiTechData,
    Supervision,
    UbnormalData,
    UcfCrimeData,
    XdViolenceData,
)
from vadbench.config.evaluation import EvaluationSettings
from vadbench.config.features import STAGE_SETTINGS, FeatureSet
from vadbench.config.frames import FramesSettings
from vadbench.config.histograms import HistogramsSettings
from vadbench.config.image_tower import ImageTowerSettings
from vadbench.config.loading import (
    benchmark_names,
    load_benchmark,
    load_run,
    load_run_settings,
    settings_of_option,
)
from vadbench.config.methods import (
    METHOD_SETTINGS,
    BoxSettings,
    FrameDifferenceSettings,
    LinearSvmSettings,
    LocalisationSettings,
    LocalPatternsSettings,
    MethodSettings,
    MotionMagnitudeSettings,
    OneClassSvmSettings,
    RegionGmmSettings,
    RegionKnnSettings,
    RegionMethodSettings,
    StPromptSettings,
    SultaniPatchSettings,
    SultaniSettings,
    TrainedSettings,
    VadClipSettings,
    VadClipWindowsSettings,
    ZeroShotSettings,
)
from vadbench.config.motion import MotionSettings
from vadbench.config.queries import QuerySettings
from vadbench.config.regions import RegionsSettings
from vadbench.config.run import RunSettings
from vadbench.config.runs import Run, expand_runs, run_path
from vadbench.config.stage import StageSettings
from vadbench.config.texts import NORMAL, TextSettings
from vadbench.config.windows import WindowScale, WindowsSettings

__all__ = [
    "DATA_SETTINGS",
    "METHOD_SETTINGS",
    "NORMAL",
    "STAGE_SETTINGS",
    "AvenueData",
    "BenchmarkSettings",
    "BoxSettings",
    "ClipSettings",
    "CostSettings",
    "DataSettings",
    "DemoData",
    "EvaluationSettings",
    "FeatureSet",
    "FolderData",
    "FrameDifferenceSettings",
    "FramesSettings",
    "HistogramsSettings",
    "ImageTowerSettings",
    "LinearSvmSettings",
    "LocalPatternsSettings",
    "LocalisationSettings",
    "MethodEntry",
    "MethodSettings",
    "MotionMagnitudeSettings",
    "MotionSettings",
    "NwpuData",
    "OneClassSvmSettings",
    "Ped2Data",
    "QuerySettings",
    "RegionGmmSettings",
    "RegionKnnSettings",
    "RegionMethodSettings",
    "RegionsSettings",
    "Run",
    "RunSettings",
    "ShanghaiTechData",
    "StPromptSettings",
    "StageSettings",
    "SultaniPatchSettings",
    "SultaniSettings",
    "Supervision",
    "TextSettings",
    "TrainedSettings",
    "UbnormalData",
    "UcfCrimeData",
    "VadClipSettings",
    "VadClipWindowsSettings",
    "WindowScale",
    "WindowsSettings",
    "XdViolenceData",
    "ZeroShotSettings",
    "benchmark_names",
    "expand_runs",
    "load_benchmark",
    "load_run",
    "load_run_settings",
    "run_path",
    "settings_of_option",
]
