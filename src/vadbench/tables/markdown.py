"""A document of tables as Markdown."""

from collections.abc import Iterable

from vadbench.tables.document import Document, Section, Table


def markdown(document: Document) -> str:
    """The text of tables.md."""
    sections = [part for section in document.sections for part in _section(section)]
    items = ["\n".join(f"- {item}" for item in document.items)] if document.items else []
    read = ["## How to read the tables", *document.legend, *items]
    return "\n\n".join([f"# {document.title}", *sections, *read]) + "\n"


def _section(section: Section) -> Iterable[str]:
    yield f"## {section.title}"
    if section.introduction:
        yield section.introduction
    for table in section.tables:
        yield f"### {table.title[:1].upper()}{table.title[1:]}"
        yield _table(table)
        yield from table.notes


def _table(table: Table) -> str:
    rows = (table.header, ("---",) * len(table.header), *(row for group in table.groups for row in group))
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
