"""See what COSAM attends to, and measure it: `python -m reid_cosam.visualize --help`."""

from collections.abc import Sequence
from pathlib import Path

import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from reid_cosam import build
from reid_cosam.command_line import command
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.evaluate import refuse_image_size
from reid_cosam.models.network import VideoReidNet
from reid_cosam.results.counted_progress import counted
from reid_cosam.results.coverage import coverage_markdown, coverage_table
from reid_cosam.results.environment import environment
from reid_cosam.results.store import write_json, write_text
from reid_cosam.settings import DataSettings, VisualizeSettings
from reid_cosam.visualization.chosen_tracklets import drawn, named
from reid_cosam.visualization.person_coverage import FirstSnippets, by_tracklet, see, summary
from reid_cosam.visualization.pictures import Looking, write_pictures
from reid_cosam.visualization.spatial_masks import SpatialMasks


@command("visualize")
def main(config: DictConfig) -> None:
    """One folder."""
    refuse_image_size(HydraConfig.get().overrides.task)
    run(build.read_visualize_settings(config), Path(HydraConfig.get().runtime.output_dir))


def run(settings: VisualizeSettings, folder: Path) -> None:
    """Draws the chosen tracklets, measures all queries where person masks exist, and writes into `folder`.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to mend it.
    """
    trained, network = build.load_network(Path(settings.ckpt), settings.trust)
    masks = _masks(settings, network)
    data = settings.shown(trained.data)
    splits = build.make_shown_splits(settings, data)
    root, size = build.data_folder(data), (trained.data.height, trained.data.width)
    looking = Looking(masks, trained.num_frames, size, root, has_persons=data.name == "synthetic")
    chosen = _chosen(settings, splits, root)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
    write_json(folder / "environment.json", environment())
    about = f"{trained.run_name} on {' '.join(filter(None, (data.name, data.size)))}"
    write_pictures(looking, chosen, settings.snippet, about, folder)
    if settings.coverage:
        _measure(looking, splits.query, data, about, folder)
    print(f"written: {folder.resolve()}")


def _masks(settings: VisualizeSettings, network: VideoReidNet) -> SpatialMasks:
    build.check_gpus(settings.trainer.accelerator)
    there = torch.cuda.is_available()
    device = torch.device("cuda" if there and settings.trainer.accelerator != "cpu" else "cpu")
    try:
        return SpatialMasks(network, settings.stages, device)
    except ValueError as error:
        raise ValueError(f"{settings.ckpt}: {error}") from None


def _chosen(settings: VisualizeSettings, splits: ReidSplits, root: Path) -> list[Tracklet]:
    if settings.tracklet is not None:
        return named((*splits.query, *splits.gallery), root, settings.tracklet)
    part = splits.query if settings.part == "query" else splits.gallery
    return drawn(part, settings.pid, settings.count, settings.seed)


def _measure(
    looking: Looking, queries: Sequence[Tracklet], data: DataSettings, about: str, folder: Path
) -> None:
    if not looking.has_persons:
        print(f"coverage is not measured: {data.name} has no person masks, data=synthetic has")
        return
    snippets = FirstSnippets(queries, looking.num_frames, looking.size)
    with counted(len(snippets), "queries") as advance:
        seen = see(looking.masks, snippets, data.eval_batch_size, data.workers, advance)
    rows = summary(seen)
    thresholds = {row.stage: row.threshold for row in rows if row.instead is None}
    table = by_tracklet(seen, thresholds, [_about(query, looking.root) for query in queries])
    write_text(folder / "coverage.csv", table.to_csv(index=False, float_format="%.6g"))
    write_json(folder / "coverage.json", {"measured": about, "rows": [row._asdict() for row in rows]})
    title = f"{about}: {len(queries)} queries, first snippet of each"
    write_text(folder / "coverage.md", coverage_markdown(rows, title))
    Console(soft_wrap=True, highlight=False).print(coverage_table(rows, title))


def _about(query: Tracklet, root: Path) -> dict[str, object]:
    return {"first_frame": query.first_frame(root), "pid": query.pid, "camid": query.camid}


if __name__ == "__main__":
    main()
