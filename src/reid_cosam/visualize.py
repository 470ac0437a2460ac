"""See what COSAM attends to, and measure it: `reid-cosam visualize --help`."""

from pathlib import Path
from typing import TYPE_CHECKING

from reid_cosam.command_line import command, output_folder
from reid_cosam.command_line.arguments import refuse_image_size
from reid_cosam.settings import VisualizeSettings

if TYPE_CHECKING:
    from reid_cosam.data.tracklet import ReidSplits, Tracklet


@command("visualize", VisualizeSettings, before=refuse_image_size)
def main(settings: VisualizeSettings) -> None:
    """One folder."""
    run(settings, output_folder())


def run(settings: VisualizeSettings, folder: Path) -> None:
    """Draws the chosen tracklets, measures all queries where person masks exist, and writes into `folder`.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to fix it.
    """
    from omegaconf import OmegaConf
    from rich.console import Console

    from reid_cosam import build
    from reid_cosam.evaluation.records import tracklet_table
    from reid_cosam.results.counted_progress import counted
    from reid_cosam.results.coverage import coverage_table
    from reid_cosam.results.environment import environment
    from reid_cosam.results.store import write_json, write_text
    from reid_cosam.visualization.person_coverage import compare, write_coverage
    from reid_cosam.visualization.pictures import write_pictures
    from reid_cosam.visualization.spatial_masks import Snippets

    trained, network = build.load_network(Path(settings.ckpt), settings.trust)
    masks = build.make_spatial_masks(settings, network, settings.stages)
    data = settings.data_set(trained.data)
    splits = build.make_shown_splits(settings, data)
    root, size = build.data_folder(data), (trained.data.height, trained.data.width)
    chosen = Snippets(_chosen(settings, splits, root), trained.num_frames, size, root, settings.snippet)
    queries = Snippets(splits.query, trained.num_frames, size, root)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
    write_json(folder / "environment.json", environment())
    about = f"{trained.run_name} on {' '.join(filter(None, (data.name, data.size)))}"
    write_pictures(masks, chosen, root, about, folder)
    if settings.coverage and not queries.has_persons:
        print(
            f"coverage is not measured: {root} has no folder masks with person masks, as data=synthetic has"
        )
    elif settings.coverage:
        with counted(len(queries), "queries") as advance:
            compared = compare(masks, queries, data.eval_batch_size, data.workers, advance)
        title = f"{about}: {len(queries)} queries, first snippet of each"
        rows = write_coverage(compared, tracklet_table(splits.query, root), about, title, folder)
        Console(soft_wrap=True, highlight=False).print(coverage_table(rows, title))
    print(f"written: {folder.resolve()}")


def _chosen(settings: VisualizeSettings, splits: "ReidSplits", root: Path) -> "list[Tracklet]":
    from reid_cosam.visualization.chosen_tracklets import drawn, named

    if settings.tracklet is not None:
        return named((*splits.query, *splits.gallery), root, settings.tracklet)
    part = splits.query if settings.part == "query" else splits.gallery
    return drawn(part, settings.pid, settings.count, settings.seed)


if __name__ == "__main__":
    main()
