"""tables.tex: it compiles, and whatever a name holds is set as text."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.tables.document import Document, Section, Table
from vadbench.tables.latex import escape, latex

HOSTILE = (
    r"\input{/etc/passwd}",
    r"\end{tabular}\write18{touch harm}",
    "100 % of a_b & c # d $x$ ~ ^ {",
    "}}\\\\",
    "[2ex]",
    "* starred",
    "two\n\nparagraphs\\par",
    "%\\end{document}",
    "^^5cend",
    "a -- b ''c'' <<d>> `e` \"f\" |g|",
    "naïve 方法 †",
)

_UNESCAPED = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\textasciigrave{}": "`",
    r"{\ttfamily\char34}": '"',
    r"\ensuremath{\pm}": "±",
    r"\ensuremath{\Delta}": "Δ",
    r"\ensuremath{\times}": "×",
    r"\ensuremath{\dagger}": "†",
    "{[}": "[",
    "{]}": "]",
    "{*}": "*",
    "{}": "",
    **{rf"\{character}": character for character in "{}$&#%_"},
}
_TOKEN = re.compile("|".join(map(re.escape, sorted(_UNESCAPED, key=len, reverse=True))))


def unescape(text: str) -> str:
    """What LaTeX sets for escaped text; anything but the known commands is an error."""
    plain, at = "", 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            assert text[at] not in '\\{}$&#%_~^[]*<>|"`\n\r\t', f"{text[at]!r} at {at} of {text!r}"
        plain += _UNESCAPED[token[0]] if token else text[at]
        at = token.end() if token else at + 1
    return plain


def document(*names: str, tables: int = 1) -> Document:
    """A section per name, which stands wherever a name can."""
    sections = []
    for name in names:
        groups = ((name, "81.2"),), ((name, "80.0 [79.1, 81.0]"),)
        table = Table(f"printed by {name}", ("Method", "AUC"), groups, (name,))
        sections.append(Section(f"{name}, split weak", name, (table,) * tables))
    return Document(tuple(sections), ("see `b`",), ("c",))


@given(st.text(alphabet=st.characters(max_codepoint=0xFF), max_size=40))
@settings(max_examples=60)
def test_escaped_text_is_set_as_it_was(text: str) -> None:
    letters = re.sub(r"U\+[0-9A-F]{4}", lambda code: chr(int(code[0][2:], 16)), unescape(escape(text)))
    assert letters == re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)


def test_signs_in_a_row_stay_apart() -> None:
    assert escape("a--b''") == "a-{}-b'{}'"
    assert escape("方") == "U+65B9"
    assert escape("é ± 1") == r"é \ensuremath{\pm} 1"


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20)), min_size=1, max_size=3))
@settings(max_examples=60)
def test_names_change_nothing_of_the_structure(names: list[str]) -> None:
    text = latex(document(*names))
    plain = latex(document(*("x" for _ in names)))
    assert shape(text) == shape(plain)


def shape(text: str) -> list[str]:
    """Commands and separators that are no part of set text, line by line."""
    body = re.sub(r"\\label\{[a-z0-9:-]*\}", "", text)
    body = _TOKEN.sub("", body)
    return re.findall(r"\\\\|\\[A-Za-z]+|[{}&%$]|\n", body)


def test_a_row_has_a_cell_per_column() -> None:
    text = latex(document("a & b", "c"))
    assert text.count(r"\begin{tabular}{ll}") == 2
    rows = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert len(rows) == 2 * 3
    assert all(len(re.findall(r"(?<!\\)&", row)) == 1 for row in rows)
    assert text.count("\\midrule") == 2 * 2


def test_an_interval_stands_below_its_figure_and_a_citation_beside_its_method() -> None:
    text = latex(document("Sultani et al. [52]"))
    assert r"Sultani et al. {[}52{]} & 81.2 \\" in text
    assert r"\begin{tabular}[t]{@{}l@{}}80.0\\{[}79.1, 81.0{]}\end{tabular} \\" in text


def test_a_group_without_rows_has_no_rule() -> None:
    table = Table("t", ("Method",), ((("a",),), ()))
    text = latex(Document((Section("s", "", (table,)),), (), ()))
    assert text.count("\\midrule") == 1


@pytest.mark.skipif(
    not shutil.which("pdflatex"), reason="there is no pdflatex here; the structure is tested above"
)
def test_it_compiles_with_hostile_names_and_many_tables(tmp_path: Path) -> None:
    (tmp_path / "tables.tex").write_text(latex(document(*HOSTILE, tables=8)), encoding="utf-8")
    (tmp_path / "main.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,graphicx}\n\\begin{document}\\input{tables}\\end{document}\n"
    )
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "main.pdf").exists()
    assert not (tmp_path / "harm").exists()
