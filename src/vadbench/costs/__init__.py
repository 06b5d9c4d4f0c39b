"""What feature sets and methods cost: parameters and FLOPs by counting, frames per second from the logs."""

from vadbench.costs.row import Cost

__all__ = ["Cost"]
