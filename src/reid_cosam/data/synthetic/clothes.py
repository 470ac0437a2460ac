"""Clothes on a walker: trunk, sleeves, legs, skirts, and the patterns printed on them."""

import numpy as np

from reid_cosam.data.synthetic.body import Pose, View
from reid_cosam.data.synthetic.figure import Cloth, Figure, shifted, tint
from reid_cosam.data.synthetic.people import Colour, Look

TRUNK_DEPTHS = (0.0, 0.11, 0.55, 1.0)
FAR_LIGHT = 0.78


def trunk(look: Look, pose: Pose) -> Cloth:
    """The upper garment; a coat reaches to above the knees."""
    girth = _girth(pose.view, 0.122 * look.build, 0.082 * look.build)
    profile = np.array([0.42, 1.0, 0.86, 0.92])
    top = shifted(pose["neck"], 0.0, -0.005)
    bottom = shifted(pose["pelvis"], 0.0, 0.03)
    if look.top_kind == "coat":
        bottom = shifted(pose["pelvis"], 0.0, 0.15)
        profile = np.array([0.42, 1.02, 0.95, 1.2])
    widths = np.repeat((girth * profile)[None], len(top), axis=0)
    return Cloth(top, bottom, TRUNK_DEPTHS, widths)


def skirt(look: Look, pose: Pose) -> Cloth:
    """A skirt from waist to knee, as wide at the hem as the stride."""
    girth = _girth(pose.view, 0.108 * look.build, 0.085 * look.build)
    knees = np.abs(pose["left_knee"][:, 0] - pose["right_knee"][:, 0]) / 2
    hem = np.maximum(girth * 1.15, knees + 0.055)
    waist = np.full_like(hem, girth * 0.95)
    top, knee_middle = pose["pelvis"], (pose["left_knee"] + pose["right_knee"]) / 2
    bottom = np.stack([knee_middle[:, 0], top[:, 1] + 0.235], axis=1)
    return Cloth(shifted(top, 0.0, -0.02), bottom, (0.0, 1.0), np.stack([waist, hem], axis=1))


def _girth(view: View, half_width: float, half_depth: float) -> float:
    return float(np.hypot(half_width * view.facing, half_depth * view.along))


def draw_leg(figure: Figure, look: Look, pose: Pose, side: str) -> None:
    """One leg with its shoe; skirts and shorts leave skin bare."""
    light = 1.0 if side == pose.view.near_side else FAR_LIGHT
    hip, knee, ankle, toe = (pose[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle", "toe"))
    trousers, skin = tint(look.bottom, light), tint(look.skin, light)
    bare = look.bottom_kind in ("skirt", "dress")
    wide = 0.062 * (0.5 + 0.5 * look.build)
    shoe = tint(look.shoes, light)
    figure.limb(ankle, toe, (0.03, 0.017), shoe)
    if look.bottom_kind == "trousers":
        figure.limb(knee, ankle, (0.043, 0.033), trousers)
    else:
        figure.limb(knee, ankle, (0.034, 0.021), skin)
    figure.limb(hip, knee, (wide, 0.045), skin if bare else trousers)
    if look.bottom_kind == "shorts":
        cuff = knee * 0.85 + ankle * 0.15
        figure.limb(knee, cuff, (0.05, 0.05), trousers)


def draw_arm(figure: Figure, look: Look, pose: Pose, side: str) -> None:
    """One arm; a tee leaves the forearm bare."""
    light = 0.93 if side == pose.view.near_side else FAR_LIGHT
    shoulder, elbow, hand = (pose[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "hand"))
    sleeve, skin = tint(look.top, light), tint(look.skin, light)
    short = look.top_kind == "tee"
    thick = 1.15 if look.top_kind in ("jacket", "coat") else 1.0
    figure.disc(hand, 0.026, 0.028, skin)
    figure.limb(elbow, hand, (0.03 * thick, 0.024 * thick), skin if short else sleeve)
    figure.disc(shoulder, 0.044 * thick, 0.044 * thick, sleeve)
    figure.limb(shoulder, elbow, (0.044 * thick, 0.035 * thick), sleeve)
    if look.pattern == "stripes":
        middle = (shoulder + elbow) / 2
        figure.limb(middle, (middle + elbow) / 2, (0.042 * thick, 0.038 * thick), tint(look.accent, light))


def draw_trunk(figure: Figure, look: Look, pose: Pose) -> None:
    """Lower garment's waist, the top with its pattern, and what an open jacket shows."""
    if look.bottom_kind in ("skirt", "dress"):
        cloth = skirt(look, pose)
        dress = look.bottom_kind == "dress"
        figure.polygon(cloth.patch(-1.0, 1.0), look.top if dress else look.bottom)
        if dress:
            print_pattern(figure, cloth, look.pattern, look.accent, pose.view)
        figure.polygon(cloth.patch(0.45, 1.0), tint(look.top if dress else look.bottom, 0.84))
    cloth = trunk(look, pose)
    figure.polygon(cloth.patch(-1.0, 1.0), look.top)
    if look.top_kind in ("jacket", "coat"):
        _open_front(figure, cloth, look, pose.view)
    else:
        print_pattern(figure, cloth, look.pattern, look.accent, pose.view)
    # A darker flank rounds the body; patterns stop short of it.
    figure.polygon(cloth.patch(0.72, 1.0, 0.07, 1.0), tint(look.top, 0.8))


def _open_front(figure: Figure, cloth: Cloth, look: Look, view: View) -> None:
    if view.facing > -0.3:
        centre = 0.75 * view.along
        half = 0.1 + 0.26 * max(view.facing, 0.0)
        figure.polygon(
            cloth.patch(max(centre - half, -0.97), min(centre + half, 0.97), 0.03, 1.0), look.accent
        )
    elif look.pattern in ("logo", "band"):
        figure.polygon(cloth.patch(-0.95, 0.7, 0.3, 0.42), look.accent)


def print_pattern(figure: Figure, cloth: Cloth, pattern: str, colour: Colour, view: View) -> None:
    """Draws `pattern` on the cloth; a chest logo is seen from the front, and small on the back."""
    for left, right, upper, lower in _pattern_patches(pattern, view):
        figure.polygon(cloth.patch(left, right, upper, lower), colour)


def _pattern_patches(pattern: str, view: View) -> list[tuple[float, float, float, float]]:
    """The parts (u from, u to, v from, v to) of a cloth that a pattern colours."""
    rows = [(-0.97, 0.97, v, min(v + 0.09, 1.0)) for v in (0.1, 0.3, 0.5, 0.7, 0.9)]
    columns = [(u, u + 0.17, 0.05, 1.0) for u in (-0.75, -0.3, 0.15, 0.6)]
    odd, even = (-0.7, -0.1, 0.5), (-0.4, 0.2, 0.75)
    depths = ((0.14, even), (0.36, odd), (0.58, even), (0.8, odd))
    return {
        "plain": [],
        "stripes": rows,
        "columns": columns,
        "checks": rows + columns,
        "band": [(-1.0, 1.0, 0.52, 1.0)],
        "dots": [(u, u + 0.24, v, v + 0.1) for v, places in depths for u in places],
        "logo": [_logo(view)],
    }[pattern]


def _logo(view: View) -> tuple[float, float, float, float]:
    centre, half = 0.6 * view.along, 0.2 + 0.28 * abs(view.facing)
    upper, lower = (0.22, 0.52) if view.facing > -0.2 else (0.12, 0.26)
    return max(centre - half, -0.95), min(centre + half, 0.95), upper, lower
