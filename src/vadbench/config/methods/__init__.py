"""The methods: name and settings type. A new method adds its line here."""

from vadbench.config.methods.base import MethodSettings, TrainedSettings
from vadbench.config.methods.frame_difference import FrameDifferenceSettings
from vadbench.config.methods.linear_svm import LinearSvmSettings
from vadbench.config.methods.local_patterns import LocalPatternsSettings
from vadbench.config.methods.localisation import BoxSettings, LocalisationSettings
from vadbench.config.methods.motion_magnitude import MotionMagnitudeSettings
from vadbench.config.methods.one_class_svm import OneClassSvmSettings
from vadbench.config.methods.region_gmm import RegionGmmSettings
from vadbench.config.methods.region_knn import RegionKnnSettings
from vadbench.config.methods.regions import RegionMethodSettings
from vadbench.config.methods.stprompt import StPromptSettings
from vadbench.config.methods.sultani import SultaniSettings
from vadbench.config.methods.sultani_patch import SultaniPatchSettings
from vadbench.config.methods.vadclip import VadClipSettings
from vadbench.config.methods.vadclip_windows import VadClipWindowsSettings
from vadbench.config.methods.zero_shot import ZeroShotSettings

METHOD_SETTINGS: dict[str, type[MethodSettings]] = {
    "zero_shot": ZeroShotSettings,
    "frame_difference": FrameDifferenceSettings,
    "one_class_svm": OneClassSvmSettings,
    "linear_svm": LinearSvmSettings,
    "sultani": SultaniSettings,
    "stprompt": StPromptSettings,
    "sultani_patch": SultaniPatchSettings,
    "vadclip": VadClipSettings,
    "vadclip_windows": VadClipWindowsSettings,
    "local_patterns": LocalPatternsSettings,
    "motion_magnitude": MotionMagnitudeSettings,
    "region_knn": RegionKnnSettings,
    "region_gmm": RegionGmmSettings,
}
"""The settings type of each method; `vadbench.methods` has a module of the same name."""

__all__ = [
    "METHOD_SETTINGS",
    "BoxSettings",
    "FrameDifferenceSettings",
    "LinearSvmSettings",
    "LocalPatternsSettings",
    "LocalisationSettings",
    "MethodSettings",
    "MotionMagnitudeSettings",
    "OneClassSvmSettings",
    "RegionGmmSettings",
    "RegionKnnSettings",
    "RegionMethodSettings",
    "StPromptSettings",
    "SultaniPatchSettings",
    "SultaniSettings",
    "TrainedSettings",
    "VadClipSettings",
    "VadClipWindowsSettings",
    "ZeroShotSettings",
]
