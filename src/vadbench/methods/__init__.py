"""The methods. Names are known without torch; a method's module is imported when it trains or scores."""

from vadbench.config import METHOD_SETTINGS
from vadbench.methods.protocol import Method, NetworkInputs, ScoreInputs, TrainInputs

METHODS: dict[str, Method] = {name: Method(name, f"vadbench.methods.{name}") for name in METHOD_SETTINGS}
"""The methods that have settings, each in the module of its name."""

__all__ = ["METHODS", "Method", "NetworkInputs", "ScoreInputs", "TrainInputs"]
