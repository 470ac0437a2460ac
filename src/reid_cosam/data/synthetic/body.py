"""A walker's skeleton: a gait in three dimensions, seen by a camera from a direction, all frames at once."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

Track = Float64[np.ndarray, "t 2"]
Series = Float64[np.ndarray, "t"]

THIGH, SHIN, UPPER_ARM, FOREARM = 0.235, 0.235, 0.155, 0.145
HIP, SHOULDER, HEAD = 0.50, 0.815, 0.93
SIDES = {"left": 1.0, "right": -1.0}


@dataclass(frozen=True, slots=True)
class View:
    """The direction of walking: yaw 0 goes right across the image, pi / 2 towards the camera (radians)."""

    yaw: float

    @property
    def along(self) -> float:
        """Share of a forward step that is seen sideways, positive to the right."""
        return float(np.cos(self.yaw))

    @property
    def facing(self) -> float:
        """1 where the person faces the camera, -1 where the back is seen."""
        return float(np.sin(self.yaw))

    @property
    def near_side(self) -> str:
        """The side of the body that is nearer to the camera."""
        return "right" if self.along >= 0 else "left"

    def project(self, forward: Series, up: Series, lateral: float) -> Track:
        """Body axes (forward, up, to the person's left) to image axes, in body heights, feet at y = 0."""
        across = forward * self.along + lateral * self.facing
        depth = forward * self.facing - lateral * self.along
        # Cameras look down a little, so what is nearer lies lower in the image.
        return np.stack([across, -up + 0.13 * depth], axis=1)


@dataclass(frozen=True, slots=True)
class Pose:
    """Joints `[t, 2]` by name (`left_knee`, `neck`, ...) in body heights, y down, feet near y = 0."""

    view: View
    joints: dict[str, Track]

    def __getitem__(self, joint: str) -> Track:
        return self.joints[joint]


def walk(view: View, phase: Series, build: float, swing: float, raised: str | None) -> Pose:
    """Joints of a walker at each gait phase (radians, 2 pi per two steps); `raised` holds up an umbrella."""
    still = np.zeros_like(phase)
    legs = {side: _leg(phase + (0.0 if sign > 0 else np.pi), swing) for side, sign in SIDES.items()}
    lift = 0.03 - np.minimum(legs["left"]["ankle"][1], legs["right"]["ankle"][1])
    joints = {
        "pelvis": view.project(still, HIP + lift, 0.0),
        "neck": view.project(still + 0.02, SHOULDER + 0.02 + lift, 0.0),
        "head": view.project(still + 0.03, HEAD + lift, 0.0),
    }
    for side, sign in SIDES.items():
        for name, (forward, up) in legs[side].items():
            joints[f"{side}_{name}"] = view.project(forward, up + lift, 0.052 * sign * build)
        arm = _raised_arm(phase) if side == raised else _arm(phase + (np.pi if sign > 0 else 0.0), swing)
        for name, (forward, up) in arm.items():
            spread = {"shoulder": 0.112, "elbow": 0.135, "hand": 0.14}[name]
            joints[f"{side}_{name}"] = view.project(forward, up + lift, spread * sign * build)
    return Pose(view, joints)


def _leg(phase: Series, swing: float) -> dict[str, tuple[Series, Series]]:
    hip = 0.05 + 0.42 * swing * np.sin(phase)
    # The knee bends while the leg is carried forward and is nearly straight while it bears weight.
    flexion = 0.08 + 0.85 * swing * np.maximum(0.0, np.cos(phase + 0.35))
    knee_forward, knee_up = THIGH * np.sin(hip), HIP - THIGH * np.cos(hip)
    shin = hip - flexion
    ankle_forward, ankle_up = knee_forward + SHIN * np.sin(shin), knee_up - SHIN * np.cos(shin)
    return {
        "hip": (np.zeros_like(phase), np.full_like(phase, HIP)),
        "knee": (knee_forward, knee_up),
        "ankle": (ankle_forward, ankle_up),
        "toe": (ankle_forward + 0.085 * np.cos(shin * 0.6), ankle_up - 0.022 + 0.085 * np.sin(shin * 0.6)),
    }


def _arm(phase: Series, swing: float) -> dict[str, tuple[Series, Series]]:
    upper = -0.05 + 0.45 * swing * np.sin(phase)
    lower = upper + 0.25 + 0.2 * swing * (1.0 + np.sin(phase))
    elbow = (UPPER_ARM * np.sin(upper), SHOULDER - UPPER_ARM * np.cos(upper))
    return {
        "shoulder": (np.zeros_like(phase), np.full_like(phase, SHOULDER)),
        "elbow": elbow,
        "hand": (elbow[0] + FOREARM * np.sin(lower), elbow[1] - FOREARM * np.cos(lower)),
    }


def _raised_arm(phase: Series) -> dict[str, tuple[Series, Series]]:
    return {
        "shoulder": (np.zeros_like(phase), np.full_like(phase, SHOULDER)),
        "elbow": (np.full_like(phase, 0.07), np.full_like(phase, SHOULDER - 0.13)),
        "hand": (np.full_like(phase, 0.12), np.full_like(phase, SHOULDER + 0.005)),
    }
