"""Embed footage as a gallery of tracklets: `reid-cosam embed --help`."""

from pathlib import Path
from typing import TYPE_CHECKING

from reid_cosam.command_line import command
from reid_cosam.settings.footage import EmbedSettings

if TYPE_CHECKING:
    from reid_cosam.encoder import Encoder
    from reid_cosam.galleries.extraction import Extract
    from reid_cosam.galleries.parts import Faults


@command("embed", EmbedSettings)
def main(settings: EmbedSettings) -> None:
    """Writes a gallery to `out` and prints what it holds.

    Raises:
        ValueError, OSError, ImportError: an input does not fit; the message says how to fix it.
    """
    from reid_cosam.footage.layouts import read_footage
    from reid_cosam.galleries.embedding import Embedding, check_out, embed
    from reid_cosam.galleries.parts import PARTS
    from reid_cosam.loading import load
    from reid_cosam.results.counted_progress import counted
    from reid_cosam.sharing.hub import SCHEME
    from reid_cosam.words import number_of

    out = Path(settings.out)
    check_out(out)
    footage = read_footage(Path(settings.footage), settings.layout, settings.fps, settings.broken == "skip")
    print(footage.about)
    encoder = load(settings.model, settings.trust)
    extract, computation = _extraction(settings, encoder)
    how = Embedding(
        network=encoder.fingerprint,
        model=settings.model if settings.model.startswith(SCHEME) else str(Path(settings.model).absolute()),
        num_frames=encoder.num_frames,
        height=encoder.height,
        width=encoder.width,
        batch=settings.batch,
        min_frames=settings.min_frames,
        computation=computation,
        distance=encoder.distance,
    )
    if (out / PARTS).exists():
        print(f"an interrupted run left finished tracks in {out / PARTS}: they are used")
    gallery, faults = embed(footage, extract, how, out, lambda total: counted(total, "crops"))
    _print_faults(faults)
    table = gallery.tracklets
    print(
        f"written: {out.resolve()} ({number_of(len(gallery), 'tracklet')} of "
        f"{number_of(table['camera'].nunique(), 'camera')}, "
        f"{number_of(int(table['tested_frames'].sum()), 'crop')} used, "
        f"{number_of(faults.counts.total(), 'fault')})"
    )


def _extraction(settings: EmbedSettings, encoder: "Encoder") -> "tuple[Extract, str]":
    """What turns snippets into descriptors, and how it computes, in words."""
    import torch

    from reid_cosam import build
    from reid_cosam.galleries.extraction import EngineExtraction, NetworkExtraction
    from reid_cosam.sharing.engines import Precision, with_engine

    devices = settings.trainer.as_devices()
    if settings.engine != "torch":
        precision: Precision = "float32"
        if devices.precision == "bf16-mixed":  # only on request: it moves descriptors by about 1 %
            precision = "bfloat16"
        made = with_engine(encoder, settings.engine, Path(settings.model), precision)
        return EngineExtraction(made.embed), f"{settings.engine} {precision}"
    build.check_gpus(devices.accelerator)
    device = torch.device("cuda" if build.runs_on_gpu(devices) else "cpu")
    chosen = build.precision(devices, lambda: encoder.network.backbone)
    extract = NetworkExtraction(encoder.network, device, chosen == "bf16-mixed")
    return extract, f"torch {chosen} {device}"


def _print_faults(faults: "Faults") -> None:
    for kind, number in sorted(faults.counts.items()):
        examples = faults.examples[kind]
        print(f"{kind}: {number:,}")
        print("".join(f"  {text}\n" for text in examples), end="")
        if number > len(examples):
            print(f"  and {number - len(examples):,} more")


if __name__ == "__main__":
    main()
