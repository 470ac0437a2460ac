"""Say what a data set contains and what is wrong with it: `reid-cosam verify --help`."""

from reid_cosam.command_line import command
from reid_cosam.settings import VerifySettings

_SMALL = (
    "data.small=true: recipes run a tenth of their iterations, and backbones start from random weights "
    "unless backbone.pretrained=true, which helps on photographs; with hundreds of people: data.small=false"
)


@command("verify", VerifySettings)
def main(settings: VerifySettings) -> None:
    """Prints one report; the exit status is 1 if there is a problem."""
    from reid_cosam import build
    from reid_cosam.data.report import report
    from reid_cosam.metrics.rules import PROTOCOLS
    from reid_cosam.metrics.testset import TestSet
    from reid_cosam.results.counted_progress import counted

    data = settings.data
    splits = build.read_existing_splits(data)
    ranks_only = PROTOCOLS[data.protocol].ranks_only
    test_set = TestSet.of(splits.query, splits.gallery, splits.junk)
    galleries = {
        name: (len(test_set.gallery(name)), int(test_set.valid_queries(name).sum()))
        for name, rule in PROTOCOLS.items()
        if rule.ranks_only == ranks_only
        and test_set.knows_labels(name)
        and ("junk" not in rule.gallery or splits.junk)
    }
    file = build.splits_file(data)
    split = f", split {data.split}" if data.split is not None else ""
    half = f", {data.tested_half} half tested" if data.tested_half else ""
    root, reader = build.data_folder(data), build.make_reader(data)
    title = f"{data.name} in {root}{split}{f' of {file}' if file else ''}{half}"
    if data.small and build.is_own(data.name):
        title += f"\n{_SMALL}"
    if report(title, splits, root, reader, galleries, max(1, data.workers), counted):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
