"""The page for reports: tables as tables, and nothing in it that acts or comes from outside."""

from vadbench.tables.page import html_page


def test_a_table_becomes_a_table() -> None:
    page = html_page("## demo\n\n| Method | AUC |\n| --- | --- |\n| sultani | 81.2 |\n")
    assert "<th>Method</th>" in page
    assert "<td>81.2</td>" in page
    assert "<h2>demo</h2>" in page


def test_markup_in_a_name_is_shown_not_run() -> None:
    page = html_page("| Method |\n| --- |\n| <script>alert(1)</script> |\n")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_name_brings_neither_links_nor_pictures() -> None:
    names = "| ![x](https://example.org/x.png) | [y](https://example.org) | <https://example.org> |"
    page = html_page(f"{names}\n| --- | --- | --- |\n")
    assert "<img" not in page
    assert "<a " not in page
    assert "![x](https://example.org/x.png)" in page
