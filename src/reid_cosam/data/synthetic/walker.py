"""Puts a walker together: which part hides which depends on the side the camera sees."""

from reid_cosam.data.synthetic.accessories import (
    draw_backpack,
    draw_handbag,
    draw_head,
    draw_straps,
    draw_umbrella,
    umbrella_side,
)
from reid_cosam.data.synthetic.body import Series, View, walk
from reid_cosam.data.synthetic.clothes import draw_arm, draw_leg, draw_trunk
from reid_cosam.data.synthetic.figure import Figure
from reid_cosam.data.synthetic.people import Look


def draw_walker(look: Look, view: View, phase: Series, swing: float) -> Figure:
    """All shapes of one walker from back to front; `phase` is the gait in radians, one value a frame."""
    raised = umbrella_side(look) if look.umbrella is not None else None
    pose = walk(view, phase, look.build, swing, raised)
    near = view.near_side
    far = "left" if near == "right" else "right"
    from_behind = view.facing < -0.3
    figure = Figure()
    draw_arm(figure, look, pose, far)
    if look.handbag is not None and look.bag_side == far:
        draw_handbag(figure, look.handbag, look, pose)
    draw_leg(figure, look, pose, far)
    draw_leg(figure, look, pose, near)
    if look.backpack is not None and not from_behind:
        draw_backpack(figure, look.backpack, look, pose)
    draw_trunk(figure, look, pose)
    if look.backpack is not None:
        (draw_backpack if from_behind else draw_straps)(figure, look.backpack, look, pose)
    if look.umbrella is not None:
        draw_umbrella(figure, look.umbrella, look, pose)
    draw_head(figure, look, pose)
    draw_arm(figure, look, pose, near)
    if look.handbag is not None and look.bag_side == near:
        draw_handbag(figure, look.handbag, look, pose)
    return figure
