"""Measure what a network's distances mean, on people it was not trained on: `reid-cosam calibrate --help`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from reid_cosam.command_line import command, output_folder
from reid_cosam.command_line.arguments import refuse_image_size
from reid_cosam.settings.footage import CalibrateSettings

if TYPE_CHECKING:
    from reid_cosam.data.tracklet import ReidSplits
    from reid_cosam.encoder import Encoder
    from reid_cosam.galleries.calibration import Calibration
    from reid_cosam.settings import DataSettings, TrainSettings

_log = logging.getLogger("reid_cosam.calibrate")


@command("calibrate", CalibrateSettings, before=refuse_image_size)
def main(settings: CalibrateSettings) -> None:
    """One calibration, written and printed."""
    run(settings, output_folder())


def run(settings: CalibrateSettings, folder: Path) -> None:
    """Writes the calibration where `settings` say; scores by camera pair and a picture into `folder`.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to fix it.
    """
    from reid_cosam.galleries.calibration_report import print_calibration, write_scores
    from reid_cosam.results.environment import environment
    from reid_cosam.results.store import write_json
    from reid_cosam.sharing.model_folder import write_card

    trained, encoder = _network(settings)
    out = _place(settings, folder)
    if settings.data is not None:
        made = _on_test_set(settings, settings.data, trained, encoder, folder)
    else:
        made = _on_gallery(settings, encoder, out)
    write_json(folder / "environment.json", environment())
    scores, picture = write_scores(made, folder)
    made.write(out)
    print_calibration(made)
    print(f"picture: {picture}\nscores by camera pair: {scores}\ncalibration: {out}")
    if card := write_card(out):
        print(f"model card, written anew: {card}")


def _network(settings: CalibrateSettings) -> "tuple[TrainSettings | None, Encoder]":
    """The network and, where they are known, the settings that it was trained with."""
    from reid_cosam import build
    from reid_cosam.encoder import Encoder
    from reid_cosam.loading import load

    checkpoint = _checkpoint(settings.model)
    if not checkpoint.is_file():
        return None, load(settings.model, settings.trust)
    trained, network = build.load_network(checkpoint, settings.trust)
    encoder = Encoder(network, trained.num_frames, trained.data.height, trained.data.width)
    encoder.distance = trained.recipe.distance
    return trained, encoder


def _checkpoint(model: str) -> Path:
    path = Path(model)
    return path / "checkpoints" / "last.ckpt" if path.is_dir() else path


def _place(settings: CalibrateSettings, folder: Path) -> Path:
    """Where the calibration goes: with the model, if that is on this machine."""
    from reid_cosam.galleries.calibration import FILE
    from reid_cosam.sharing.calibrations import place_beside

    return Path(settings.out) if settings.out else place_beside(settings.model) or folder / FILE


def _on_test_set(
    settings: CalibrateSettings,
    data: "DataSettings",
    trained: "TrainSettings | None",
    encoder: "Encoder",
    folder: Path,
) -> "Calibration":
    from reid_cosam import build
    from reid_cosam.galleries.estimation import Measurement, calibrate_test_set
    from reid_cosam.training.datamodule import SnippetSize

    splits = build.make_splits(data)
    _check_people(trained, encoder, data, splits)
    size = SnippetSize(encoder.num_frames, encoder.height, encoder.width)
    seen_as = data.model_copy(update={"height": size.height, "width": size.width})
    test = build.make_test_tracklets(data, seen_as, splits.query, splits.gallery)
    how = build.Extracting(settings.trainer, "cycle", settings.model)
    descriptors = build.extract_descriptors(encoder.network, size, test.tracklets, data, how, folder)
    measurement = Measurement(settings.distance or encoder.distance, settings.draws, settings.seed)
    return calibrate_test_set(
        descriptors, test.test_set, data.protocol, encoder.fingerprint, data.name, measurement
    )


def _check_people(
    trained: "TrainSettings | None", encoder: "Encoder", data: "DataSettings", splits: "ReidSplits"
) -> None:
    """A warning where the network was trained on the people of the test set, or that cannot be told."""
    from reid_cosam import build

    seen: int | None
    if trained is not None:
        split, seen = trained.data.split, build.people_trained_on(trained.data, data, splits)
    else:
        split = encoder.training.split
        seen = build.people_of_training(split, encoder.training.split_sha256, data, splits)
    if seen is None:
        text = "the model does not say on which people it was trained: it may have been on some of these"
        _log.warning(text)
    elif seen:
        text = "the network was trained on %d of these people, in split %d: the thresholds will be wrong"
        _log.warning(text, seen, split)


def _on_gallery(settings: CalibrateSettings, encoder: "Encoder", out: Path) -> "Calibration":
    from reid_cosam.galleries.drift import drift
    from reid_cosam.galleries.estimation import Measurement, calibrate_gallery, calibrate_unlabelled
    from reid_cosam.galleries.gallery import read_gallery
    from reid_cosam.galleries.persons import read_persons

    name = str(settings.gallery)
    gallery = read_gallery(Path(name))
    if gallery.network != encoder.fingerprint:
        raise ValueError(
            f"gallery {name} was made by another network ({gallery.network[:12]}, from {gallery.model}) than "
            f"model={settings.model} ({encoder.fingerprint[:12]}): embed the footage with this one"
        )
    how = Measurement(settings.distance or encoder.distance, settings.draws, settings.seed)
    if settings.labels == "persons":
        persons = gallery.tracklets["person"]
        if settings.persons is not None:
            persons = read_persons(Path(settings.persons), gallery)
        if 0 < (named := int((persons != "").sum())) < len(gallery):
            text = "%s: %d of %d tracklets are named; the others are left out"
            _log.warning(text, settings.persons or name, named, len(gallery))
        return calibrate_gallery(gallery, persons, name, how)
    labelled = _labelled(settings, out)
    made = calibrate_unlabelled(gallery, name, how, labelled)
    if labelled is None:
        text = "%s: the model has no calibration with names, so nobody can be called `not here`"
        _log.warning(text, settings.model)
    else:
        text = "misses are those measured on %s: that they are the same on this footage is not verified"
        _log.warning(text, labelled.source["name"])
        if warning := drift(labelled, gallery):
            _log.warning(warning)
    return made


def _labelled(settings: CalibrateSettings, out: Path) -> "Calibration | None":
    """The calibration with names that the model has, or that `out` holds and is replaced."""
    from reid_cosam.galleries.calibration import Calibration
    from reid_cosam.sharing.calibrations import calibration_file

    for path in (calibration_file(settings.model), out):
        if path is not None and path.is_file():
            found = Calibration.read(path)
            if found.misses is not None:
                return found
    return None


if __name__ == "__main__":
    main()
