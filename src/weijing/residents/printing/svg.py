"""A drawing as SVG, complete in itself: one file to print, or to give to a print shop."""

from base64 import b64encode
from xml.sax.saxutils import escape, quoteattr

from weijing.residents.printing.codes import dark_runs
from weijing.residents.printing.drawing import Box, Code, Drawing, Item, Picture, Text

FONTS = (
    "PingFang SC, HarmonyOS Sans SC, MiSans, Microsoft YaHei, Noto Sans SC, Noto Sans CJK SC, "
    "sans-serif"
)


def svg(drawing: Drawing) -> str:
    """Sized in millimetres; the picture of the code is inside."""
    size = f"{drawing.width:g} {drawing.height:g}"
    body = "".join(_drawn(item) for item in drawing.items)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width:g}mm" '
        f'height="{drawing.height:g}mm" viewBox="0 0 {size}" lang="zh-CN" role="img" '
        f"font-family={quoteattr(FONTS)}>"
        f"<title>{escape(drawing.title)}</title>"
        f'<rect width="100%" height="100%" fill="#fff"/>{body}</svg>\n'
    )


def _drawn(item: Item) -> str:
    match item:
        case Text():
            weight = ' font-weight="600"' if item.bold else ""
            anchor = f' text-anchor="{item.align}"' if item.align != "start" else ""
            return (
                f'<text x="{item.x:.2f}" y="{item.y:.2f}" font-size="{item.size:.2f}" '
                f'fill="{item.colour}"{weight}{anchor}>{escape(item.words)}</text>'
            )
        case Box():
            ink = (
                f'fill="{item.fill}"' if item.fill
                else f'fill="none" stroke="{item.colour}" stroke-width="{item.line:g}"'
            )  # fmt: skip
            return (
                f'<rect x="{item.x:.2f}" y="{item.y:.2f}" width="{item.width:.2f}" '
                f'height="{item.height:.2f}" {ink}/>'
            )
        case Picture():
            data = b64encode(item.content).decode()
            return (
                f'<image x="{item.x:.2f}" y="{item.y:.2f}" width="{item.side:.2f}" '
                f'height="{item.side:.2f}" href="data:{item.kind};base64,{data}" '
                f'image-rendering="pixelated"><title>{escape(item.says)}</title></image>'
            )
        case Code():
            return _code(item)


def _code(item: Code) -> str:
    across, bars = dark_runs(item.holds)
    path = "".join(f"M{x} {y}h{long}v1h-{long}z" for x, y, long in bars)
    return (
        f'<path transform="translate({item.x:.2f} {item.y:.2f}) scale({item.side / across:.4f})" '
        f'shape-rendering="crispEdges" d="{path}"><title>{escape(item.says)}</title></path>'
    )
