"""What all figures share: colours, fonts, and one way from a matplotlib figure to a small PNG."""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

# Okabe and Ito's palette, told apart by every kind of colour vision (jfly.uni-koeln.de/color, 2008).
BLUE = "#0072B2"
ORANGE = "#E69F00"
VERMILION = "#D55E00"
TRUTH_SHADE = "#FBE7C0"  # ORANGE at 28 % on white
TRUTH_TEXT = "#8A5A00"  # ORANGE darkened until it reads at 8 points on white
INK = "#222222"
GREY = "#6B6B6B"
RULE = "#D9D9D9"
# Boxes, as the figures of papers on localisation have them; the best predicted one is bold too.
PREDICTED_RED = "#E41A1C"
TRUE_GREEN = "#2CBE3C"

_DPI = 100
_MOST_BYTES = 200_000  # of a figure: a report holds hundreds
_RULES = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
    "font.size": 8.5,
    "text.parse_math": False,  # an id may hold dollar signs
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 8.5,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "xtick.major.size": 3,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
    "ytick.major.size": 3,
    "lines.solid_joinstyle": "round",
}


@contextmanager
def drawing() -> Iterator[None]:
    """Within it matplotlib draws in this style, whatever the user's matplotlibrc says."""
    with style.context(["default", _RULES]), warnings.catch_warnings():
        # An id may hold a character that the font lacks; a box is drawn for it, and that is enough.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def new_figure(width: int, height: int) -> Figure:
    """An empty white figure of `width` x `height` pixels, without pyplot and its global state."""
    return Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """The drawn figure as (H, W, 3) RGB."""
    stream = io.BytesIO()
    figure.savefig(stream, format="rgba", dpi=_DPI)
    width, height = np.rint(figure.get_size_inches() * _DPI).astype(int)
    return np.frombuffer(stream.getvalue(), np.uint8).reshape(height, width, 4)[..., :3].copy()


def png_bytes(image: NDArray[np.uint8], most: int = _MOST_BYTES, inks: Sequence[str] = ()) -> bytes:
    """PNG of an RGB picture (H, W, 3) with a palette, which takes a third of the bytes of full colour.

    The photographs in it get 200 colours, which hardly shows, and fewer only where the file would exceed
    `most` bytes, as noise does. No date and no program's name is written: equal pictures are equal files.
    `inks`: up to ten colours that are kept as they are, beside those that all figures share.
    """
    data = b""
    for colours in (200, 84, 20):
        stream = io.BytesIO()
        _with_palette(image, colours, inks).save(stream, "PNG", compress_level=9)
        data = stream.getvalue()
        if len(data) < most:
            break
    return data


def _with_palette(image: NDArray[np.uint8], colours: int, inks: Sequence[str]) -> Image.Image:
    """The drawing's own colours on its two grounds, and as many more for what the photographs hold."""
    grounds = [rgb("white"), rgb(TRUTH_SHADE)]
    blends = [
        ground + share * (rgb(ink) - ground)
        for ground in grounds
        for ink in (INK, GREY, BLUE, ORANGE, TRUTH_TEXT, VERMILION, RULE)
        for share in (0.3, 0.6, 1.0)
    ]
    kept = [rgb(colour) for colour in (PREDICTED_RED, TRUE_GREEN, *inks)]
    drawing = np.rint([*grounds, *blends, *kept]).astype(np.uint8)
    # Every third pixel of every third row is enough to find 200 colours, and nine times as fast.
    sample = Image.fromarray(np.ascontiguousarray(image[::3, ::3]))
    photographs = sample.quantize(colours, Image.Quantize.MEDIANCUT).getpalette("RGB") or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*drawing.ravel().tolist(), *photographs])
    indices = np.array(Image.fromarray(image).quantize(palette=palette, dither=Image.Dither.NONE))
    codes = image[..., 0].astype(np.uint32) << 16 | image[..., 1].astype(np.uint32) << 8 | image[..., 2]
    for index, (red, green, blue) in enumerate(drawing[: len(grounds)].tolist()):
        indices[codes == (red << 16 | green << 8 | blue)] = index  # Pillow looks colours up only roughly
    result = Image.fromarray(indices, "P")
    result.putpalette(palette.getpalette("RGB") or [])
    return result


def rgb(colour: str) -> NDArray[np.float64]:
    """(3,) red, green and blue of a colour, 0 to 255."""
    return 255 * np.asarray(to_rgb(colour))


def write_picture(data: bytes, out: Path) -> None:
    """Write `data` beside `out`, then rename: `out` is never half a picture."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    partial.write_bytes(data)
    partial.replace(out)


def clean_text(text: str, longest: int) -> str:
    """`text` fit for one line of a figure: no control characters, its middle left out where it is long."""
    line = "".join(c if c.isprintable() else "?" for c in text)
    if len(line) <= longest:
        return line
    head = (longest - 1) // 2
    return f"{line[:head]}…{line[len(line) - (longest - 1 - head) :]}"
