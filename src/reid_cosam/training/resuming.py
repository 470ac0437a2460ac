"""Whether a run may resume from a checkpoint: only as the rest of the run that wrote it."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reid_cosam.settings.identity import identity
from reid_cosam.settings.train import part_name
from reid_cosam.training.checkpoint_files import read_checkpoint
from reid_cosam.training.origin import Origin

# Only the length of a run and the origin of its first weights may differ.
_FREE = {"backbone.pretrained", "backbone.weights_sha256", "trainer.max_steps"}
_DIGITS = 12  # of a hash, enough to distinguish two

_log = logging.getLogger(__name__)


class NotResumable(ValueError):
    """The checkpoint belongs to another run, or to this one on another machine; both are intact."""


_REMEDIES = {
    "split": "name the folder of its tracklets with data.root=... (reid_cosam.verify prints their sha256)",
    "images": "name the folder of its images with data.root=...",
    "processes": "set trainer.devices and trainer.num_nodes as they were",
    "accelerator": "set trainer.accelerator as it was",
    "precision": "set trainer.precision as it was",
    "compiled": "set trainer.compile as it was",
}


def check_resumable(path: Path, config: Mapping[str, Any], origin: Origin) -> int:
    """Checks that the run of this configuration and origin can resume; returns the iterations done.

    Raises:
        FileNotFoundError: no such checkpoint.
        ValueError: it is unreadable, or not one of ours.
        NotResumable: it belongs to another run; names what differs.
    """
    trained = read_checkpoint(path)
    if "optimizer_states" not in trained:
        raise NotResumable(f"{path} contains weights only, no training to resume; choose a last.ckpt")
    if "_target_" not in trained["config"]["backbone"]:
        raise NotResumable(
            f"{path} was written by an earlier version of reid_cosam, which named parts otherwise: resume "
            "with that version (environment.json of its run names it), or start again without ckpt_path"
        )
    before, now = _compared(trained["config"]), _compared(config)
    differing = [
        f"{key}={before.get(key)} (this run: {now.get(key)})"
        for key in sorted(before | now)
        if before.get(key) != now.get(key)
    ]
    if differing:
        raise NotResumable(
            f"{path} was trained with {', '.join(differing)}: it can only be resumed as it began; "
            "resume with the settings of the checkpoint, or start again without ckpt_path"
        )
    _check_origin(path, trained, origin)
    done, wanted = int(trained["global_step"]), int(config["trainer"]["max_steps"])
    began = trained["config"].get("trainer", {}).get("max_steps", wanted)
    schedule = part_name(config["recipe"]["schedule"])
    if began != wanted and schedule in ("one_cycle", "warm_up_cosine"):
        _log.warning(
            "the schedule %s depends on the number of iterations: this run followed that of %d, "
            "follows that of %d from iteration %d on, and ends elsewhere than a run of %d from its start",
            *(schedule, began, wanted, done, wanted),
        )
    if done > wanted:
        raise NotResumable(
            f"{path} is trained for {done} iterations already, and trainer.max_steps={wanted} asks for "
            "fewer: choose an earlier checkpoint, or more iterations"
        )
    return done


def _check_origin(path: Path, trained: Mapping[str, Any], origin: Origin) -> None:
    for name, now in origin._asdict().items():
        before = trained.get(name)
        if before is None:
            raise NotResumable(
                f"{path} does not say which {name} it was trained with, as an earlier version of reid_cosam "
                "wrote it: start again without ckpt_path, and with registry=... delete this checkpoint first"
            )
        if before != now:
            was, is_ = (str(one)[:_DIGITS] for one in (before, now))
            raise NotResumable(
                f"{path} was trained with {name}={was} (this run: {is_}), and its numbers depend on that: "
                f"{_REMEDIES[name]}, or start again without ckpt_path"
            )


def _compared(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in identity(config).items() if name not in _FREE}
