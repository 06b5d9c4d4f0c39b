"""Tables as text, before they become Markdown or LaTeX."""

from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with its notes."""

    title: str
    header: Row
    groups: tuple[tuple[Row, ...], ...]
    """Rows; a rule sets each group apart from the next where there are rules."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """The tables of one benchmark and split."""

    title: str
    introduction: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Document:
    """All sections and how to read them."""

    sections: tuple[Section, ...]
    legend: tuple[str, ...]
    """Paragraphs, in which backticks set words of a program apart."""
    items: tuple[str, ...]
    """One line each: what every metric is, which papers are quoted."""
    title: str = "Results"
