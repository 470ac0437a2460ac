"""Write a trained network to a folder that works on any machine: `reid-cosam export --help`."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reid_cosam.command_line import command
from reid_cosam.settings import ExportSettings

if TYPE_CHECKING:
    from reid_cosam.data.tracklet import ReidSplits
    from reid_cosam.encoder import Encoder
    from reid_cosam.settings.footage import Format


@command("export", ExportSettings)
def main(settings: ExportSettings) -> None:
    """Writes `out`, and prints where that is and what it holds.

    Raises:
        ValueError, OSError, ImportError: the network cannot be read, or not be written; the message says why.
    """
    from reid_cosam import build
    from reid_cosam.loading import load
    from reid_cosam.sharing.config import read_config
    from reid_cosam.sharing.extras import check_installed

    for format in settings.format:
        check_installed(format)
    splits = None if settings.data is None else build.read_splits(settings.data)
    encoder, out = load(settings.ckpt, settings.trust), Path(settings.out)
    calibration = None
    if settings.calibration is not None:
        from reid_cosam.galleries.calibration import Calibration

        calibration = Calibration.read(Path(settings.calibration))
    encoder.save_pretrained(out, calibration)
    config = read_config(out)
    if settings.format:
        _write_formats(encoder, out, settings.format, splits)
    height, width = config.preprocessing.input_size
    print(
        f"{config.architecture}: {config.num_frames} frames of {height}x{width}, "
        f"descriptors of {config.descriptor_size} numbers, fingerprint {config.fingerprint[:12]}"
    )
    for path in sorted(out.iterdir()):
        print(f"  {path.name} ({path.stat().st_size / 1e3:,.0f} kB)")
    print(f"written: {out.resolve()}")


def _write_formats(
    encoder: "Encoder", out: Path, formats: "Sequence[Format]", splits: "ReidSplits | None"
) -> None:
    """Nothing is put into `out` before all formats are found to agree with the network."""
    from reid_cosam.sharing import exchange, parity
    from reid_cosam.sharing.quantising import example_clips

    examples = None
    if splits is not None and "openvino_int8" in formats:
        examples = example_clips(encoder, splits.train)
    with TemporaryDirectory(dir=out, prefix=".export-") as folder:
        staged = Path(folder)
        exchange.write_files(encoder, staged, formats, examples)
        report = parity.write_parity(encoder, staged, formats, splits, before=out / parity.FILE)
        print(parity.in_words(report))
        parity.check(report)
        for path in sorted(staged.iterdir()):
            path.replace(out / path.name)


if __name__ == "__main__":
    main()
