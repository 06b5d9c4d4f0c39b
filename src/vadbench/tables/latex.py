r"""A document of tables as LaTeX, to be read by \input; whatever a name holds, it is text."""

import re
from collections.abc import Iterable

from vadbench.tables.document import Document, Section, Table

_HEAD = r"""% Tables of vadbench, made anew with every run. For a document that has
% \usepackage{booktabs,graphicx}; take them in by \input{tables}."""

# Wide tables shrink to the width of the line, narrow ones stay as they are.
_FIT = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\ttfamily\char34}",
    "`": r"\textasciigrave{}",
    # At the start of a row they would be taken for arguments of the \\ before.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "±": r"\ensuremath{\pm}",
    "Δ": r"\ensuremath{\Delta}",
    "×": r"\ensuremath{\times}",
    "†": r"\ensuremath{\dagger}",
}
"""Characters that LaTeX acts on, or that its first fonts lack."""

_LETTERS = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")
"""Letters beyond ASCII that every LaTeX sets."""


def latex(document: Document) -> str:
    """The text of tables.tex: a float per table, then the legend."""
    legend = map(_prose, (*document.legend, *document.items))
    return "\n\n".join([_HEAD, *map(_section, document.sections), _small(legend)]) + "\n"


def _section(section: Section) -> str:
    floats = (_float(section, table, number) for number, table in enumerate(section.tables, start=1))
    # LaTeX gives up where it has to hold back some fifty floats.
    return "\n\n".join([*floats, r"\clearpage"])


def escape(text: str) -> str:
    """Text that LaTeX sets as it stands; what it cannot set stands as its code point (U+65B9)."""
    spaced = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)
    # Two hyphens, apostrophes or commas in a row would become one sign.
    return re.sub(r"([-',])(?=\1)", r"\1{}", "".join(map(_set, spaced)))


def _prose(text: str) -> str:
    """Text in which backticks set words of a program apart."""
    parts = map(escape, text.split("`"))
    return "".join(rf"\texttt{{{part}}}" if n % 2 else part for n, part in enumerate(parts))


def _set(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    return character if character.isascii() or character in _LETTERS else f"U+{ord(character):04X}"


def _float(section: Section, table: Table, number: int) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-")
    body = [
        r"\begin{table}[!htbp]",
        r"\centering",
        rf"\caption{{{escape(f'{section.title}: {table.title}.')}}}",
        rf"\label{{tab:{slug}-{number}}}",
        _FIT,
        rf"\begin{{tabular}}{{{'l' * len(table.header)}}}",
        r"\toprule",
        _row(table.header),
    ]
    for group in filter(None, table.groups):
        body += [r"\midrule", *map(_row, group)]
    notes = ([section.introduction] if number == 1 else []) + list(table.notes)
    body += [
        r"\bottomrule",
        r"\end{tabular}}",
        *([_small(map(escape, notes))] if notes else []),
        r"\end{table}",
    ]
    return "\n".join(body)


def _row(cells: Iterable[str]) -> str:
    return " & ".join(map(_cell, cells)) + r" \\"


def _cell(text: str) -> str:
    """A figure's interval stands below it, or a line of them would be too wide to read."""
    figure = re.fullmatch(r"([-+.\d][-+.\d ±]*) (\[[-+.\d]+, [-+.\d]+\])", text)
    if not figure:
        return escape(text)
    return rf"\begin{{tabular}}[t]{{@{{}}l@{{}}}}{escape(figure[1])}\\{escape(figure[2])}\end{{tabular}}"


def _small(paragraphs: Iterable[str]) -> str:
    return "\n".join([r"\par\smallskip{\footnotesize\raggedright", "\n\n".join(paragraphs), r"\par}"])
