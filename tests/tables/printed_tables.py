"""Reading the tables of the papers' texts: what each prints, cell by cell, for comparison with our copy."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

Cells = list[str]
Printed = tuple[str, str, str, str, str]
"""Row label, features, data set, metric, value: as printed, empty where the table has none."""

FILES = {
    "STPrompt": "stprompt.md",
    "TPWNG": "tpwng.md",
    "LEC-VAD": "lec-vad.md",
    "Local Patterns": "local-patterns.md",
}
_CAPTION_BELOW = {"TPWNG", "LEC-VAD"}
_TICKS = {"$\\checkmark$", "<b>√</b>", "√", "✓"}
_IOUS = ("0.1", "0.2", "0.3", "0.4", "0.5", "AVG")
_FIVE = ("ST", "Ave", "UB", "Ped2", "NWPU")


def printed_rows(papers: Path, paper: str, table: str) -> list[Printed]:
    """All cells with a figure, or with the sign for none, of one table."""
    rows, caption = _table(papers, paper, int(table.removeprefix("Table ")))
    return list(_READERS[paper, table](rows, caption))


def table_cells(papers: Path, paper: str, table: str) -> list[Cells]:
    """The cells of one table, line by line."""
    return _table(papers, paper, int(table.removeprefix("Table ")))[0]


def _table(papers: Path, paper: str, number: int) -> tuple[list[Cells], str]:
    lines = (papers / FILES[paper]).read_text(encoding="utf-8").splitlines()
    (at,) = [n for n, line in enumerate(lines) if re.match(rf"Table {number}[.:] ", line)]
    step = -1 if paper in _CAPTION_BELOW else 1
    start = at + step
    while not _in_table(lines[start]):
        start += step
    end = start
    while _in_table(lines[end]):
        end += step
    block = lines[start:end] if step > 0 else lines[end + 1 : start + 1]
    rows = [_cells(line) for line in block]
    return [row for row in rows if not all(re.fullmatch("-+", cell) for cell in row)], lines[at]


def _in_table(line: str) -> bool:
    return line.startswith("|") or "\t" in line


def _cells(line: str) -> Cells:
    parts = line.split("|")[1:-1] if line.startswith("|") else line.split("\t")
    return ["✓" if part.strip() in _TICKS else _plain(part) for part in parts]


def _plain(cell: str) -> str:
    return re.sub(r"</?b>|\*\*", "", cell).strip()


def _stprompt_results(rows: list[Cells], caption: str) -> Iterator[Printed]:
    head, *body = rows
    dataset = re.search(r" on (\w+)\.$", caption)
    for label, feature, *values in body:
        for metric, value in zip(head[2:], values, strict=True):
            yield label, feature, dataset[1] if dataset else "", metric, value


def _stprompt_ticks(rows: list[Cells], caption: str) -> Iterator[Printed]:
    _, head, *body = rows
    for cells in body:
        label = _ticked(cells[:4], ("SA2", "TemAdapter", "C-Branch", "A-Branch"))
        for dataset, value in zip(head[4:], cells[4:], strict=True):
            yield label, "", dataset, "AUC(%)", value


def _stprompt_ablation(rows: list[Cells], caption: str) -> Iterator[Printed]:
    _, head, *body = rows
    for cells in body:
        label = re.sub(r" ?<sup>2</sup>", " 2", cells[0])
        for dataset, value in zip(head[1:3], cells[1:3], strict=True):
            yield label, "", dataset, "AUC(%)", value


def _tpwng(rows: list[Cells], caption: str) -> Iterator[Printed]:
    head, *body = rows
    for cells in body:
        for title, value in zip(head[-2:], cells[-2:], strict=True):
            dataset, metric = re.fullmatch(r"([\w-]+) \((\w+)\)", title).groups()  # type: ignore[union-attr]
            yield cells[-3], "", dataset, metric, value


def _tpwng_ticks(rows: list[Cells], caption: str) -> Iterator[Printed]:
    _, head, *body = rows
    for cells in body:
        label = _ticked(cells[:4], ("bs", "Lrank_n", "Lrank_a", "Ldil"))
        yield from _tpwng([head, [label, *cells[4:]]], caption)


def _lec_vad_merged(rows: list[Cells], caption: str) -> Iterator[Printed]:
    # Lines run into each other in the text: methods, features and figures are matched in their order.
    body = rows[1:]
    methods = [one for cells in body for one in re.findall(r"[A-Z][\w-]+ \([^)]+\)", cells[2])]
    features = [one for cells in body for one in cells[3].split()]
    values = [one for cells in body for one in cells[4].split()]
    for label, feature, value in zip(methods, features, values, strict=True):
        yield label, feature, "XD-Violence", "AP(%)", value


def _lec_vad_features(rows: list[Cells], caption: str) -> Iterator[Printed]:
    for _, label, feature, value in rows[1:]:
        yield label, feature, "UCF-Crime", "AUC(%)", value


def _lec_vad_map(rows: list[Cells], caption: str) -> Iterator[Printed]:
    dataset = caption.removesuffix(".").split(" on ")[1]
    for cells in rows[2:]:
        for iou, value in zip(_IOUS, cells[1:7], strict=True):
            yield cells[0], "", dataset, f"mAP@IoU {iou}", value


def _lec_vad_ticks(first: str, second: str) -> Callable[[list[Cells], str], Iterator[Printed]]:
    def read(rows: list[Cells], caption: str) -> Iterator[Printed]:
        for cells in rows:
            if not set(cells[:2]) <= {"", "✓"}:
                continue  # a line of the header
            label = _ticked(cells[:2], (first, second))
            for iou, value in zip(_IOUS, cells[2:8], strict=True):
                # A cell of Table 5 holds the figure of the line above too.
                yield label, "", "XD-Violence", f"mAP@IoU {iou}", value.split(" ")[-1]

    return read


def _local_patterns_pairs(rows: list[Cells], caption: str) -> Iterator[Printed]:
    head, *body = rows
    for cells in body:
        for dataset, pair in zip(head[-5:], cells[-5:], strict=True):
            macro, micro = pair.split(" / ") if "/" in pair else (pair, pair)
            yield cells[0], "", dataset, "Macro-AUC", macro
            yield cells[0], "", dataset, "micro-AUC", micro


def _local_patterns_side_by_side(rows: list[Cells], caption: str) -> Iterator[Printed]:
    for cells in rows[1:]:
        for label, ucf, xd in (cells[:3], cells[3:]):
            yield label, "", "UCF", "micro-AUC", ucf
            yield label, "", "XD", "AP", xd


def _local_patterns_settings(rows: list[Cells], caption: str) -> Iterator[Printed]:
    head, *body = rows
    for cells in body:
        for dataset, value in zip(head[-4:], cells[-4:], strict=True):
            yield cells[0], "", dataset, "Micro-AUC", value


def _local_patterns_modules(rows: list[Cells], caption: str) -> Iterator[Printed]:
    head, *body = rows
    for metric, *values in body:
        for label, value in zip(head[1:], values, strict=True):
            yield label, "", "", metric, value


def _local_patterns_runtime(rows: list[Cells], caption: str) -> Iterator[Printed]:
    head, *body = rows
    for label, *values in body:
        for title, value in zip(head[1:], values, strict=True):
            metric, _, dataset = title.partition(" on ")
            yield label, "", dataset, metric, value


def _ticked(cells: Sequence[str], names: Sequence[str]) -> str:
    assert set(cells) <= {"", "✓"}
    return "+".join(name for cell, name in zip(cells, names, strict=True) if cell) or "none"


_READERS: dict[tuple[str, str], Callable[[list[Cells], str], Iterator[Printed]]] = {
    **{("STPrompt", f"Table {n}"): _stprompt_results for n in (1, 2, 3, 7)},
    ("STPrompt", "Table 4"): _stprompt_ticks,
    **{("STPrompt", f"Table {n}"): _stprompt_ablation for n in (5, 6)},
    **{("TPWNG", f"Table {n}"): _tpwng for n in (1, 2, 3, 4)},
    ("TPWNG", "Table 5"): _tpwng_ticks,
    ("LEC-VAD", "Table 1"): _lec_vad_merged,
    ("LEC-VAD", "Table 2"): _lec_vad_features,
    **{("LEC-VAD", f"Table {n}"): _lec_vad_map for n in (3, 4)},
    ("LEC-VAD", "Table 5"): _lec_vad_ticks("VOB", "CMB"),
    ("LEC-VAD", "Table 6"): _lec_vad_ticks("L_reg", "L_gmm"),
    ("LEC-VAD", "Table 7"): _lec_vad_ticks("VAP", "PMB"),
    **{("Local Patterns", f"Table {n}"): _local_patterns_pairs for n in (1, 4)},
    ("Local Patterns", "Table 2"): _local_patterns_side_by_side,
    **{("Local Patterns", f"Table {n}"): _local_patterns_settings for n in (3, 5)},
    ("Local Patterns", "Table 6"): _local_patterns_modules,
    ("Local Patterns", "Table 7"): _local_patterns_runtime,
}
TABLES = tuple(_READERS)
"""Every numbered table of the papers."""
