"""How many threads a process takes."""

import joblib


def usable_threads(threads: int) -> int:
    """min(threads given, CPUs this process may use), at least 1; more would only get in each other's way."""
    # joblib knows of CPU affinity and of a container's quota.
    usable: int = max(1, min(threads, joblib.cpu_count()))
    return usable
