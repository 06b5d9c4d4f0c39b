"""The methods. Names are known without torch; a method's module is imported when it trains or scores."""

from vadbench.methods.protocol import Method, ScoreInputs, TrainInputs

METHODS: dict[str, Method] = {
    name: Method(name, f"vadbench.methods.{name}")
    for name in ("zero_shot", "frame_difference", "one_class_svm", "linear_svm", "sultani")
}
"""The table of methods; a new one adds its name."""

__all__ = ["METHODS", "Method", "ScoreInputs", "TrainInputs"]
