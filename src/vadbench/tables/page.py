"""tables.md as one HTML page that needs nothing else, for reports."""

from markdown_it import MarkdownIt

_STYLE = """
body { font: 13px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 }
th, td { padding: .25em .55em; text-align: left; border-bottom: 1px solid #ddd; white-space: nowrap }
th { border-bottom: 2px solid #222 }
tbody tr:hover { background: #f4f4f4 }
"""

_REFERENCES = ["link", "image", "autolink", "reference"]


def html_page(markdown: str) -> str:
    """A page without links or pictures, wherever they would come from; HTML in the text is shown as text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(_REFERENCES)
    body = parser.render(markdown)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Results</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )
