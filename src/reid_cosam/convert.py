"""Turn a checkpoint of the paper's released code into one for this package: `reid-cosam convert --help`."""

from pathlib import Path

from hydra import compose

from reid_cosam.command_line import command
from reid_cosam.settings import ConvertSettings, TrainSettings


@command("convert", ConvertSettings)
def main(settings: ConvertSettings) -> None:
    """Reads `released`, writes `out`, prints what was found.

    Raises:
        FileNotFoundError, FileExistsError: there is no `released`, or there is an `out` already.
        ValueError: the checkpoint or a setting does not fit; the message says what to change.
    """
    from reid_cosam.models.released import network_from_released, released_layout
    from reid_cosam.models.released_file import read_released
    from reid_cosam.training.checkpoint_files import WholeCheckpointIO

    released, out = Path(settings.released), Path(settings.out)
    if out.exists():
        raise FileExistsError(f"out={out} exists and was left as it is: choose another name, or delete it")
    state = read_released(released)
    try:
        layout, network = released_layout(state), network_from_released(state)
    except ValueError as error:
        raise ValueError(f"{released} is {error}") from error
    overrides = [f"backbone={layout.backbone}", f"cosam={list(layout.cosam)}", f"agg={layout.aggregator}"]
    overrides += [f"backbone.last_stride={layout.last_stride}"]
    trained = _train_settings(settings, layout.num_frames, overrides)
    weights = {f"network.{name}": value for name, value in network.state_dict().items()}
    content = {"state_dict": weights, "config": trained.model_dump(mode="json")}
    WholeCheckpointIO().save_checkpoint(content, out)
    print(
        f"found backbone={layout.backbone} cosam={list(layout.cosam)} agg={layout.aggregator} "
        f"num_frames={trained.num_frames}, trained on {layout.num_identities} identities"
    )
    print(f"written: {out.resolve()}")


def _train_settings(settings: ConvertSettings, found: int | None, overrides: list[str]) -> TrainSettings:
    """The settings with which `train` would train such a network; `found` is N, if the weights tell it."""
    from reid_cosam import build
    from reid_cosam.models.released import IMAGE_SIZE

    given, data = settings.num_frames, settings.data
    num_frames = given if found is None else found
    if num_frames is None:
        raise ValueError(
            "without COSAM N cannot be inferred from the weights: add num_frames=4, as in the released code"
        )
    if given not in (None, num_frames):
        raise ValueError(f"num_frames={given}, but the weights are for {num_frames}: leave num_frames out")
    if (data.height, data.width) != IMAGE_SIZE:
        height, width = IMAGE_SIZE
        raise ValueError(f"the weights are for {height} x {width} images: leave data.height, data.width out")
    fixed = ["recipe=released", "data=mars", "backbone.pretrained=false", f"num_frames={num_frames}"]
    return build.read_settings(compose("train", [*overrides, *fixed])).model_copy(update={"data": data})


if __name__ == "__main__":
    main()
