"""How an identity looks: clothes, hair, build and what it carries, from a palette that people share."""

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]

SKINS: tuple[Colour, ...] = ((236, 196, 170), (219, 170, 138), (190, 140, 105), (141, 94, 66), (88, 58, 44))
HAIRS: tuple[Colour, ...] = ((24, 20, 20), (58, 38, 26), (104, 70, 40), (176, 134, 80), (140, 140, 140))
TOPS: tuple[Colour, ...] = (
    (28, 28, 32),
    (235, 235, 232),
    (120, 122, 126),
    (34, 48, 92),
    (70, 110, 170),
    (168, 36, 40),
    (222, 116, 140),
    (42, 100, 66),
    (112, 112, 66),
    (214, 178, 66),
    (112, 72, 46),
    (206, 186, 150),
    (206, 104, 42),
    (104, 62, 122),
    (60, 142, 146),
)
BOTTOMS: tuple[Colour, ...] = (
    (30, 30, 34),
    (38, 50, 84),
    (82, 112, 156),
    (104, 104, 108),
    (176, 152, 114),
    (222, 220, 214),
    (78, 62, 48),
    (126, 46, 52),
)
SHOES: tuple[Colour, ...] = ((26, 24, 24), (228, 228, 226), (96, 62, 38), (160, 44, 44), (60, 84, 140))
BAGS: tuple[Colour, ...] = (
    (32, 32, 36),
    (110, 66, 36),
    (164, 40, 44),
    (52, 84, 140),
    (60, 110, 70),
    (214, 170, 60),
)

# Plain dark clothes are the commonest, as on a real street, so that clothes alone often collide.
TOP_ODDS = np.array([22, 11, 12, 11, 7, 7, 5, 5, 5, 4, 4, 5, 3, 3, 3], dtype=np.float64)
BOTTOM_ODDS = np.array([28, 22, 16, 11, 9, 5, 5, 3], dtype=np.float64)
PATTERNS = ("plain", "stripes", "columns", "checks", "logo", "band", "dots")
PATTERN_ODDS = np.array([42, 12, 8, 9, 14, 10, 5], dtype=np.float64)
NUANCE = 12


@dataclass(frozen=True, slots=True)
class Look:
    """One identity's appearance. Colours are sRGB; `None` means that the accessory is not carried."""

    skin: Colour
    hair: Colour
    hair_style: str
    top: Colour
    accent: Colour
    pattern: str
    top_kind: str
    bottom: Colour
    bottom_kind: str
    shoes: Colour
    build: float
    bag_side: str
    hat_kind: str
    hat: Colour | None
    backpack: Colour | None
    handbag: Colour | None
    umbrella: Colour | None

    @property
    def attributes(self) -> dict[str, int]:
        """The columns of `attributes.csv`, 1 where the person has the accessory."""
        return {name: int(getattr(self, name) is not None) for name in ATTRIBUTES}


ATTRIBUTES = ("hat", "backpack", "handbag", "umbrella")


def _pick(rng: np.random.Generator, options: tuple[str, ...], odds: tuple[int, ...]) -> str:
    return options[_index(rng, np.array(odds, dtype=np.float64))]


def _index(rng: np.random.Generator, odds: np.ndarray) -> int:
    return int(np.searchsorted(np.cumsum(odds), rng.random() * odds.sum(), side="right"))


def _shade(rng: np.random.Generator, colour: Colour) -> Colour:
    red, green, blue = (
        min(255, max(0, channel + int(rng.integers(-NUANCE, NUANCE + 1)))) for channel in colour
    )
    return red, green, blue


def _one_of(rng: np.random.Generator, palette: tuple[Colour, ...]) -> Colour:
    return _shade(rng, palette[int(rng.integers(len(palette)))])


def _carried(rng: np.random.Generator, odds: float, palette: tuple[Colour, ...]) -> Colour | None:
    colour = _one_of(rng, palette)
    return colour if rng.random() < odds else None


def draw_look(rng: np.random.Generator) -> Look:
    """Draws an identity; the order of the draws is part of the renderer's version."""
    top = _index(rng, TOP_ODDS)
    # Never the top's own colour: a pattern that cannot be seen would not tell two people apart.
    accent = (top + 1 + int(rng.integers(len(TOPS) - 1))) % len(TOPS)
    return Look(
        skin=_one_of(rng, SKINS),
        hair=_one_of(rng, HAIRS),
        hair_style=_pick(rng, ("short", "long", "ponytail", "bun", "bald"), (46, 26, 12, 8, 8)),
        top=_shade(rng, TOPS[top]),
        accent=_shade(rng, TOPS[accent]),
        pattern=PATTERNS[_index(rng, PATTERN_ODDS)],
        top_kind=_pick(rng, ("tee", "shirt", "jacket", "coat"), (32, 34, 22, 12)),
        bottom=_shade(rng, BOTTOMS[_index(rng, BOTTOM_ODDS)]),
        bottom_kind=_pick(rng, ("trousers", "shorts", "skirt", "dress"), (64, 14, 14, 8)),
        shoes=_one_of(rng, SHOES),
        build=float(rng.uniform(0.86, 1.2)),
        bag_side=_pick(rng, ("left", "right"), (1, 1)),
        hat_kind=_pick(rng, ("cap", "beanie", "brim"), (50, 28, 22)),
        hat=_carried(rng, 0.2, TOPS),
        backpack=_carried(rng, 0.34, BAGS),
        handbag=_carried(rng, 0.24, BAGS),
        umbrella=_carried(rng, 0.07, TOPS),
    )
