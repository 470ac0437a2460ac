"""What a walker wears on the head and carries: hair, hat, backpack, handbag, umbrella."""

import numpy as np

from reid_cosam.data.synthetic.body import Pose
from reid_cosam.data.synthetic.figure import Figure, dome, shifted, tint
from reid_cosam.data.synthetic.people import Colour, Look

HEAD_ACROSS, HEAD_DOWN = 0.056, 0.07


def draw_head(figure: Figure, look: Look, pose: Pose) -> None:
    """Neck, hair, the part of the face that is seen, and the hat."""
    view, head = pose.view, pose["head"]
    figure.limb(pose["neck"], head, (0.034, 0.03), tint(look.skin, 0.85))
    bald = look.hair_style == "bald"
    hair = look.skin if bald else look.hair
    back = -0.018 * view.along
    figure.disc(shifted(head, back, -0.006), HEAD_ACROSS + 0.006, HEAD_DOWN + 0.006, hair)
    if view.facing > -0.45:
        width = HEAD_ACROSS * (0.72 + 0.2 * max(view.facing, 0.0))
        face = shifted(head, 0.024 * view.along, 0.014)
        figure.disc(face, width, HEAD_DOWN * 0.82, look.skin)
        _draw_eyes(figure, look, pose)
    _draw_hair(figure, look, pose)
    if look.hat is not None:
        _draw_hat(figure, look.hat_kind, look.hat, pose)


def _draw_eyes(figure: Figure, look: Look, pose: Pose) -> None:
    view = pose.view
    dark = tint(look.hair, 0.5)
    for offset in (-0.02, 0.02):
        across = 0.038 * view.along + offset * max(view.facing, 0.0)
        figure.disc(shifted(pose["head"], across, 0.004), 0.006, 0.006, dark)


def _draw_hair(figure: Figure, look: Look, pose: Pose) -> None:
    view, head = pose.view, pose["head"]
    back = -view.along
    if look.hair_style == "long":
        if view.facing < -0.3:
            figure.polygon(_lock(pose, -0.06, 0.06), look.hair)
        elif view.facing > 0.5:
            figure.polygon(_lock(pose, -0.066, -0.036), look.hair)
            figure.polygon(_lock(pose, 0.036, 0.066), look.hair)
        else:
            figure.polygon(
                _lock(pose, min(0.02 * back, 0.066 * back), max(0.02 * back, 0.066 * back)), look.hair
            )
    if look.hair_style == "ponytail" and view.facing < 0.6:
        tail = shifted(head, 0.075 * back, 0.0)
        figure.limb(tail, shifted(tail, 0.012 * back, 0.1), (0.02, 0.014), look.hair)
    if look.hair_style == "bun":
        figure.disc(shifted(head, 0.05 * back, -0.06), 0.028, 0.026, look.hair)


def _lock(pose: Pose, left: float, right: float) -> list[np.ndarray]:
    head = pose["head"]
    return [
        shifted(head, left, -0.02),
        shifted(head, right, -0.02),
        shifted(head, right * 1.1, 0.13),
        shifted(head, left * 1.1, 0.13),
    ]


def _draw_hat(figure: Figure, kind: str, colour: Colour, pose: Pose) -> None:
    view, head = pose.view, pose["head"]
    crown = shifted(head, -0.008 * view.along, -0.018)
    dark = tint(colour, 0.72)
    if kind == "beanie":
        figure.polygon(dome(crown, 0.067, 0.082), colour)
        figure.polygon(_box(crown, 0.069, -0.018, 0.006), dark)
        figure.disc(shifted(crown, 0.0, -0.085), 0.02, 0.02, dark)
        return
    if kind == "brim":
        figure.disc(crown, 0.115, 0.022, dark)
        figure.polygon(dome(crown, 0.06, 0.075), colour)
        figure.polygon(_box(crown, 0.06, -0.02, -0.004), dark)
        return
    figure.polygon(dome(crown, 0.066, 0.072), colour)
    if view.facing > -0.5:
        figure.disc(shifted(crown, 0.07 * view.along, 0.004), 0.035 + 0.03 * abs(view.along), 0.012, dark)


def _box(centre: np.ndarray, half: float, upper: float, lower: float) -> list[np.ndarray]:
    return [
        shifted(centre, -half, upper),
        shifted(centre, half, upper),
        shifted(centre, half, lower),
        shifted(centre, -half, lower),
    ]


def draw_backpack(figure: Figure, colour: Colour, look: Look, pose: Pose) -> None:
    """The pack itself, behind the trunk; what a camera in front sees of it is straps and edges."""
    view = pose.view
    reach = 0.128 * look.build
    half = 0.06 * abs(view.along) + 0.108 * abs(view.facing)
    centre = shifted((pose["neck"] + pose["pelvis"]) / 2, -reach * view.along, -0.035)
    figure.polygon(_rounded(centre, half, 0.135), colour)
    figure.polygon(_rounded(shifted(centre, 0.0, 0.055), half * 0.72, 0.055), tint(colour, 0.72))
    figure.polygon(_box(centre, half * 0.7, -0.11, -0.095), tint(colour, 1.35))


def draw_straps(figure: Figure, colour: Colour, look: Look, pose: Pose) -> None:
    """The backpack's straps over the shoulders, as seen from the front or the side."""
    view = pose.view
    dark = tint(colour, 0.8)
    for sign in (-1.0, 1.0):
        top = shifted(pose["neck"], 0.062 * sign * view.facing * look.build, 0.02)
        low = shifted(top, 0.02 * view.along + 0.012 * sign * view.facing, 0.18)
        figure.limb(top, low, (0.016, 0.014), dark)


def _rounded(centre: np.ndarray, half: float, tall: float) -> list[np.ndarray]:
    cut = min(half, tall) * 0.45
    corners = [(-half, -tall + cut), (-half + cut, -tall), (half - cut, -tall), (half, -tall + cut)]
    corners += [(half, tall - cut), (half - cut, tall), (-half + cut, tall), (-half, tall - cut)]
    return [shifted(centre, x, y) for x, y in corners]


def draw_handbag(figure: Figure, colour: Colour, look: Look, pose: Pose) -> None:
    """A bag at the hip on `look.bag_side`, hung from that shoulder."""
    view = pose.view
    sign = 1.0 if look.bag_side == "left" else -1.0
    across = 0.165 * sign * view.facing * look.build
    sway = 0.25 * (pose[f"{look.bag_side}_hand"][:, 0] - pose[f"{look.bag_side}_shoulder"][:, 0])
    bag = shifted(pose["pelvis"], across + sway, 0.045)
    half = 0.06 + 0.04 * abs(view.along)
    strap = shifted(pose[f"{look.bag_side}_shoulder"], 0.0, -0.02)
    figure.limb(strap, shifted(bag, 0.0, -0.06), (0.01, 0.01), tint(colour, 0.7))
    corners = [(-half * 0.75, -0.065), (half * 0.75, -0.065), (half, 0.065), (-half, 0.065)]
    figure.polygon([shifted(bag, x, y) for x, y in corners], colour)
    figure.polygon(_box(bag, half * 0.8, -0.065, -0.02), tint(colour, 0.7))
    figure.disc(shifted(bag, 0.0, -0.015), 0.012, 0.012, (214, 190, 110))


def draw_umbrella(figure: Figure, colour: Colour, look: Look, pose: Pose) -> None:
    """An open umbrella over the head, with panels of two shades."""
    hand = pose[f"{umbrella_side(look)}_hand"]
    rim = shifted((pose["head"] + hand) / 2, 0.0, -0.12)
    rim[:, 1] = pose["head"][:, 1] - 0.055
    figure.limb(hand, shifted(rim, 0.0, -0.02), (0.008, 0.008), (60, 60, 64))
    arc = dome(rim, 0.25, 0.13, 9)
    figure.polygon(arc, colour)
    for left in (1, 5):
        figure.polygon([shifted(rim, 0.0, -0.13), arc[left], arc[left + 2]], tint(colour, 0.75))


def umbrella_side(look: Look) -> str:
    """The hand that is free of the bag."""
    return "right" if look.bag_side == "left" else "left"
