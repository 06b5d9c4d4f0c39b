"""Small faults put into the methods on purpose: every one must make a test fail.

The faults are data, `method_faults.yaml`: per layer or loss a file of the package, the tests that judge it,
and at least three faults, each a line (or a part of one) that stands once in the file and what takes its
place. They are applied one by one to a copy of the package, in one process; the tests run once without a
fault first.

    python benchmarks/method_faults.py                  # all
    python benchmarks/method_faults.py mil contrast     # those of the parts whose names hold one of the words
"""

import argparse
import contextlib
import importlib
import io
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("errors", "config", "video", "store", "datasets", "metrics", "models", "stages", "methods")
"""Packages in the order in which they may import each other; what is not listed comes later."""

LEAST_FAULTS = 3


@dataclass(frozen=True)
class Fault:
    """What is wrong, and the text in the file that is replaced."""

    what: str
    old: str
    new: str


@dataclass(frozen=True)
class Part:
    """A layer or loss: its file below the package, tests (files or node ids) below `tests/`, faults."""

    name: str
    file: str
    tests: tuple[str, ...]
    faults: tuple[Fault, ...]


class Failures:
    """A pytest plugin that remembers which tests failed and how many passed."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.passed = 0
        self.reason = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid.split("/")[-1])
            self.reason = self.reason or report.longreprtext
        elif report.when == "call" and report.passed:
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            raise SystemExit(f"{report.nodeid} cannot be collected, which is no fault: {report.longrepr}")


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("words", nargs="*")
    words = arguments.parse_args().words
    parts = [part for part in read_parts() if not words or any(word in part.name for word in words)]
    sys.dont_write_bytecode = True  # a cached module of the same second and size would hide a fault
    wall, cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, copied(Path(folder)) as copy:
        missed = [line for part in parts for line in tried(part, copy)]
    count = sum(len(part.faults) for part in parts)
    took = f"{time.monotonic() - wall:.0f} s, of which {time.process_time() - cpu:.0f} s computing"
    print(f"{count - len(missed)} of {count} faults caught in {took}")
    for line in missed:
        print(f"not caught: {line}")
    return bool(missed)


def read_parts() -> list[Part]:
    """The parts of `method_faults.yaml`."""
    entries = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    parts = []
    for name, entry in entries.items():
        faults = tuple(Fault(**fault) for fault in entry["faults"])
        if len(faults) < LEAST_FAULTS:
            raise SystemExit(f"{name}: {len(faults)} faults, {LEAST_FAULTS} are asked for")
        parts.append(Part(name, entry["file"], tuple(entry["tests"]), faults))
    return parts


@contextlib.contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A copy of package and tests that imports come from while it is there."""
    for name in ("src", "tests", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    sys.path[:0] = [str(folder / "src"), str(folder / "tests")]
    try:
        yield folder
    finally:
        del sys.path[:2]


def tried(part: Part, copy: Path) -> Iterator[str]:
    """Try the faults of a part, say which test caught each; yields those that none caught."""
    path = copy / "src" / "vadbench" / part.file
    whole = path.read_text(encoding="utf-8")
    unspoiled = run(part, copy)
    if unspoiled.failed or not unspoiled.passed:
        raise SystemExit(f"{part.name}: fails without a fault: {unspoiled.failed}\n{unspoiled.reason}")
    print(f"{part.name} ({unspoiled.passed} tests)")
    for fault in part.faults:
        if whole.count(fault.old) != 1:
            raise SystemExit(
                f"{part.name}: {fault.old!r} stands {whole.count(fault.old)} times in {part.file}"
            )
        path.write_text(whole.replace(fault.old, fault.new), encoding="utf-8")
        failed = run(part, copy, "-x").failed
        path.write_text(whole, encoding="utf-8")
        print(f"  {fault.what}: {failed[0] if failed else 'NOT CAUGHT'}", flush=True)
        if not failed:
            yield f"{part.name}: {fault.what}"
    forget(part.file)  # the last fault is still what was imported


def run(part: Part, copy: Path, *options: str) -> Failures:
    """Run a part's tests on the copy as it is now."""
    forget(part.file)
    failures = Failures()
    tests = [str(copy / "tests" / test) for test in part.tests]
    # What pytest collects of garbage, to find exceptions there, takes longer than most of these tests.
    plugins = ["no:cacheprovider", "no:unraisableexception", "no:threadexception"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        pytest.main(
            ["-q", "--tb=short", *(f"-p{name}" for name in plugins), f"--rootdir={copy}", *options, *tests],
            [failures],
        )
    return failures


def forget(file: str) -> None:
    """Forget what was imported of the tests, and of the package from the file's layer on."""
    first = _layer(file.split("/")[0].removesuffix(".py"))
    tests = {path.stem for path in (ROOT / "tests").rglob("*.py")}
    for name in list(sys.modules):
        package, _, rest = name.partition(".")
        later = package == "vadbench" and rest and _layer(rest.split(".")[0]) >= first
        if later or name in tests:
            del sys.modules[name]
    importlib.invalidate_caches()


def _layer(name: str) -> int:
    return LAYERS.index(name) if name in LAYERS else len(LAYERS)


if __name__ == "__main__":
    sys.exit(main())
