"""What importing settings must not bring along."""

import subprocess
import sys


def test_settings_import_nothing_heavy() -> None:
    code = "import sys, vadbench.config; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "numpy", "scipy", "sklearn", "h5py", "av", "PIL", "open_clip", "snakemake", "pandas"}
    assert not heavy & set(done.stdout.split())
