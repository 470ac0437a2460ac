"""The nearest of many descriptors: exact by an index in float16, against torch and other indexes of faiss.

    python -m benchmarks.search [--size quick] [--threads 1]

Descriptors of 512 numbers: people drawn from a normal distribution, tracklets around them, one query after
the other. `exact` means that the ranking is that of float64 distances, equal ones in the order of the rows,
which is checked against a scan before anything is measured.
"""

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.records import Record
from reid_cosam.galleries.neighbours import NearestRows

ROWS = {"check": 20_000, "quick": 200_000, "full": 1_000_000}
ROUNDS = {"check": 1, "quick": 5, "full": 15}
WIDTH, TOP, PER_PERSON, SPREAD = 512, 10, 20, 0.7
AT_ONCE = 64
LIMIT = 100.0  # milliseconds per query
Find = Callable[[Tensor], Tensor]
NOTES = """\
- `one query`: milliseconds from a query to its ten nearest, the median of {rounds}; aim: {limit:g} ms.
- `{many} queries`: milliseconds per query of a block that is searched by matrix products.
- `flat`, `SQ8` and `IVF`: indexes of faiss by themselves; `recall` is the share of the ten that is found.
- `memory`: the numbers of an index, beside the descriptors; `building`: the seconds that it takes to make.
"""


def descriptors(count: int) -> tuple[Float32[Tensor, "n d"], Float32[Tensor, "q d"]]:
    """Rows and queries."""
    generator = torch.Generator().manual_seed(0)
    people = torch.randn(count // PER_PERSON, WIDTH, generator=generator)
    rows = torch.randn(count, WIDTH, generator=generator).mul_(SPREAD)
    for block in torch.arange(count).split(50_000):
        rows[block] += people[torch.randint(len(people), (len(block),), generator=generator)]
    return rows, people[:AT_ONCE] + SPREAD * torch.randn(AT_ONCE, WIDTH, generator=generator)


def milliseconds(find: Find, queries: Float32[Tensor, "q d"], rounds: int) -> float:
    """Per query; each round has a query of its own, the first of which only warms up."""
    taken = []
    for number in range(rounds + 1):
        query = queries[[number % len(queries)]]
        start = perf_counter()
        find(query)
        taken.append(1e3 * (perf_counter() - start))
    return median(taken[1:])


def built(make: Callable[[], Any]) -> tuple[Any, float]:
    """What `make` makes, and its seconds."""
    start = perf_counter()
    index = make()
    return index, perf_counter() - start


def of_faiss(name: str, rows: Float32[Tensor, "n d"]) -> Any:
    import faiss

    index: Any = faiss.index_factory(WIDTH, name)
    index.train(rows[:: max(1, len(rows) // 100_000)].contiguous().numpy())
    index.add(rows.numpy())
    if hasattr(index, "nprobe"):
        index.nprobe = 16
    return index


def recall(found: Int64[Tensor, "q k"], expected: Int64[Tensor, "q k"]) -> float:
    hits = (found[:, :, None] == expected[:, None]).any(dim=2)
    return float(hits.float().mean())


def measure(options: Options) -> Iterator[Record]:
    rows, queries = descriptors(ROWS[options.size])
    rounds = ROUNDS[options.size]
    scan = NearestRows(rows, faiss=False)
    expected = scan.nearest(queries, TOP)[1]
    ours, seconds = built(lambda: NearestRows(rows, faiss=True))
    for number, query in enumerate(queries[:8]):
        if not torch.equal(ours.nearest(query[None], TOP)[1][0], expected[number]):
            raise RuntimeError("the index ranks otherwise than the scan")

    def one(index: NearestRows) -> Find:
        return lambda query: index.nearest(query, TOP)[1]

    found = milliseconds(one(ours), queries, rounds)
    yield Record(
        "one query, exact", found, milliseconds(one(scan), queries, rounds), "torch alone", "ms", "less"
    )
    yield Record("one query, exact", found, LIMIT, "limit", "ms", "less", 1.0)
    start = perf_counter()
    scan.nearest(queries, TOP)
    block = 1e3 * (perf_counter() - start) / len(queries)
    yield Record(f"{AT_ONCE} queries, exact", block, found, "one query", "ms", "less")
    size = rows.numel() * 4 / 1e6
    yield Record("memory, exact", size / 2, size, "descriptors", "MB", "share")
    yield Record("building, exact", seconds, 1e-3 * found, "one query", "s", "less")
    names = {"flat": "Flat", "SQ8": "SQ8", "IVF": f"IVF{max(4, 4 * int(len(rows) ** 0.5) // 4)},SQfp16"}
    for name, factory in names.items():
        index, seconds = built(lambda factory=factory: of_faiss(factory, rows))  # type: ignore[misc]

        def find(query: Tensor, index: Any = index) -> Tensor:
            return torch.from_numpy(index.search(query.numpy(), TOP)[1])

        yield Record(f"one query, {name}", milliseconds(find, queries, rounds), found, "exact", "ms", "less")
        yield Record(f"recall, {name}", recall(find(queries), expected), 1.0, "exact", "", "more")
        yield Record(f"memory, {name}", index.code_size * len(rows) / 1e6, size, "descriptors", "MB", "share")
        yield Record(f"building, {name}", seconds, 1e-3 * found, "one query", "s", "less")
        del index, find


BENCHMARK = Benchmark(
    "search",
    "Searching a large gallery",
    lambda options: (
        f"{ROWS[options.size]:,} tracklets.\n\n"
        + NOTES.format(rounds=ROUNDS[options.size], limit=LIMIT, many=AT_ONCE)
    ),
    measure,
    reads=("threads",),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
