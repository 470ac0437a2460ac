"""Draws docs/architecture.svg: figures 4 and 5 of the paper, with the file that holds each part.

python docs/architecture.py
"""

from pathlib import Path

FILE = Path(__file__).with_suffix(".svg")
WIDTH, HEIGHT = 720, 640
FORMULAS = "losses/reid.py, losses/triplet.py"
BLUE, ORANGE, GREY = "#dbe8fb", "#fde6c8", "#eceff1"
STYLE = """
    text { font-family: system-ui, Helvetica, Arial, sans-serif; fill: #1b1b1b; text-anchor: middle }
    .name { font-size: 15px; font-weight: 600 }
    .file { font-size: 12.5px; font-family: ui-monospace, Menlo, monospace; fill: #37474f }
    .note { font-size: 14px; fill: #37474f }
    .left { text-anchor: start }
    rect { stroke: #546e7a; rx: 6 }
    polyline { fill: none }
    line, polyline { stroke: #546e7a; stroke-width: 1.6; marker-end: url(#head) }
"""


def text(x: float, y: float, content: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{content}</text>'


def box(x: float, y: float, width: float, name: str, file: str, colour: str, height: float = 58) -> str:
    middle = x + width / 2
    drawn = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{colour}"/>'
    return (
        drawn
        + text(middle, y + height / 2 - 4, name, "name")
        + text(middle, y + height / 2 + 17, file, "file")
    )


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def network() -> list[str]:
    """Figure 5, in two rows: frames to maps, maps to the descriptor."""
    return [
        text(24, 34, "The network (figure 5): models/network.py, in src/reid_cosam", "name left"),
        box(24, 52, 150, "N frames", "data/snippets.py", GREY),
        arrow(174, 81, 198, 81),
        box(200, 52, 210, "CNN blocks 1 to 4", "models/backbones.py", BLUE),
        arrow(410, 81, 434, 81),
        box(436, 52, 260, "COSAM after block 4", "models/cosam.py", ORANGE),
        '<polyline points="566,110 566,124 99,124 99,134"/>',
        box(24, 136, 150, "CNN block 5", "models/backbones.py", BLUE),
        arrow(174, 165, 198, 165),
        box(200, 136, 210, "COSAM after block 5", "models/cosam.py", ORANGE),
        arrow(410, 165, 434, 165),
        box(436, 136, 260, "TP_avg, TP_max, TA or RNN", "models/aggregators.py", BLUE),
        arrow(566, 194, 566, 218),
        box(436, 220, 260, "descriptor [B, out]", "metrics/protocols.py scores it", GREY),
        arrow(436, 249, 412, 249),
        box(24, 220, 386, "cross-entropy (3) and triplet loss (4)", FORMULAS, BLUE),
    ]


def cosam() -> list[str]:
    """Figure 4: one COSAM layer."""
    left, wide = 24, 330
    right = WIDTH - 24 - wide
    return [
        text(24, 326, "One COSAM layer (figure 4): models/cosam.py", "name left"),
        text(left + wide / 2, 352, "where do the frames agree? (section 4.1)", "note"),
        text(right + wide / 2, 352, "which channels do they share? (section 4.2)", "note"),
        box(left, 364, wide, "1x1 convolution to D_R channels", "models/cosam.py: Cosam.reduce", ORANGE),
        arrow(left + wide / 2, 422, left + wide / 2, 438),
        box(left, 440, wide, "NCC with all other frames: (1), (2)", "models/correlation.py", ORANGE),
        arrow(left + wide / 2, 498, left + wide / 2, 514),
        box(left, 516, wide, "1x1 convolution, sigmoid: mask", "models/cosam.py: Cosam.spatial_mask", ORANGE),
        arrow(left + wide, 545, right - 2, 545),
        box(right, 516, wide, "maps x mask, mean over locations", "models/ops/masking.py", ORANGE),
        arrow(right + wide / 2, 516, right + wide / 2, 500),
        box(
            right,
            440,
            wide,
            "MLP, sigmoid, mean over frames",
            "models/cosam.py: Cosam.channel_weights",
            ORANGE,
        ),
        arrow(right + wide / 2, 440, right + wide / 2, 424),
        box(right, 364, wide, "maps x mask x channel weights", "models/ops/masking.py", ORANGE),
        text(WIDTH / 2, 612, "maps [B, N, D, H, W] in, maps of the same shape out", "note"),
    ]


def drawing() -> str:
    parts = "\n".join([*network(), *cosam()])
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img"
  aria-label="The network and one COSAM layer, with the file of each part">
<style>{STYLE}</style>
<defs><marker id="head" markerWidth="8" markerHeight="8" refX="6" refY="3" orient="auto">
<path d="M0,0 L6,3 L0,6 Z" fill="#546e7a"/></marker></defs>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff" style="stroke: none"/>
{parts}
</svg>
"""


if __name__ == "__main__":
    FILE.write_text(drawing(), encoding="utf-8")
