"""Results that stand in none of the paper's tables, and why not."""

from collections.abc import Iterator, Sequence

from reid_cosam.results.tables.layout import BACKBONES, PAPER_DATA, SYNTHETIC
from reid_cosam.results.tables.records import Record
from reid_cosam.results.tables.training import as_the_paper

_DATA = (*PAPER_DATA, SYNTHETIC.name)


def unplaced(records: Sequence[Record]) -> Iterator[str]:
    """A line for each reason: of how many results it is, and which is the first of them."""
    by_reason: dict[str, list[Record]] = {}
    for record in records:
        by_reason.setdefault(_reason(record), []).append(record)
    for reason, same in by_reason.items():
        runs = len({record.run for record in same})
        of_runs = f" of {runs} runs" if runs > 1 else ""
        counted = f"{len(same)} results{of_runs}" if len(same) > 1 else "1 result"
        yield f"in no table, {reason}: {counted}, the first: {same[0]} ({same[0].run})"


def _reason(record: Record) -> str:
    scored, backbone = record.scored, record.network.backbone
    if backbone not in BACKBONES:
        return f"backbone {backbone} is none of {', '.join(BACKBONES)}"
    if scored.data not in _DATA:
        return f"data set {scored.data} is none of {', '.join(_DATA)}"
    if not as_the_paper(record):
        return f"training snippets of {record.sampling} frames and not of frames in a row"
    if scored.reranked or scored.attribute:
        return "as none asks for it (re-ranked, or of those who carry something)"
    return "no row for such a network, or left out above"
