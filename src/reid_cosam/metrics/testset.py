"""A test set without its frames: what scores depend on beside the descriptors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from reid_cosam.metrics.rules import PROTOCOLS, Identified, Labels, protocol_named


@dataclass(frozen=True, eq=False)
class TestSet:
    """Persons and cameras of a test set's tracklets: the queries, then the gallery, then junk.

    Descriptors of a test set are one row per tracklet, in this order.

    Example:
        Three people seen by two cameras, the last one without a query:

        >>> pids, camids = np.array([1, 2, 1, 2, 3]), np.array([1, 1, 2, 2, 2])
        >>> test_set = TestSet(pids, camids, num_queries=2)
        >>> test_set.gallery("with_queries").tolist(), test_set.applicable()
        ([2, 3, 4, 0, 1], ['released', 'with_queries'])

    Attributes:
        pids: persons `[n]`; -1 is junk.
        camids: cameras `[n]`.
        num_queries: tracklets at the head that are queries.
        num_junk: tracklets at the end that are junk, which only the `official` protocol knows.
        clothes: names or numbers `[n]` that are unique within a person; None where some are unknown.
        views: names or numbers of the kind of camera `[n]`; None where some are unknown.
    """

    pids: Int64[np.ndarray, " n"]
    camids: Int64[np.ndarray, " n"]
    num_queries: int
    num_junk: int = 0
    clothes: Shaped[np.ndarray, " n"] | None = None
    views: Shaped[np.ndarray, " n"] | None = None

    @classmethod
    def of(
        cls, query: Iterable[Identified], gallery: Iterable[Identified], junk: Sequence[Identified] = ()
    ) -> "TestSet":
        """The test set with these tracklets."""
        query = list(query)
        pids, camids, clothes, views = Labels.of([*query, *gallery, *junk])
        return cls(pids, camids, len(query), len(junk), clothes, views)

    def __len__(self) -> int:
        return len(self.pids)

    def gallery(self, protocol: str) -> Int64[np.ndarray, " g"]:
        """Rows of the tracklets that are searched under a protocol, in the order in which equals rank."""
        query, gallery, junk = np.split(np.arange(len(self)), [self.num_queries, len(self) - self.num_junk])
        rows = {"query": query, "gallery": gallery, "junk": junk}
        return np.concatenate([rows[part] for part in protocol_named(protocol).gallery])

    def compared(self, protocol: str) -> tuple[Labels, Labels]:
        """The labels of the queries and of the gallery that is searched under a protocol.

        Raises:
            ValueError: there is no such protocol, or it needs clothes or views, which are not known.
        """
        if not self.knows_labels(protocol):
            raise ValueError(
                f"protocol {protocol} needs the {PROTOCOLS[protocol].needs} of every tracklet, which the "
                "data set does not give"
            )
        labels = Labels(self.pids, self.camids, self.clothes, self.views)
        return labels.at(slice(self.num_queries)), labels.at(self.gallery(protocol))

    def valid_queries(self, protocol: str) -> Bool[np.ndarray, " q"]:
        """Which queries have a match under a protocol; raises as `compared`."""
        compared = protocol_named(protocol).compared(*self.compared(protocol))
        return np.array([(ranked & same_pid).any() for ranked, same_pid in compared], bool)

    def knows_labels(self, protocol: str) -> bool:
        """Whether clothes and views are known where the protocol looks at them."""
        needs = protocol_named(protocol).needs
        return needs is None or getattr(self, needs) is not None

    def applicable(self, ranks_only: bool = False) -> list[str]:
        """The protocols under which there is something to score, those with one gallery in a row.

        `official` is one where there is junk.

        Args:
            ranks_only: those that report ranks alone instead of the others.
        """
        return [
            name
            for name, rule in sorted(PROTOCOLS.items(), key=lambda one: one[1].gallery)
            if rule.ranks_only == ranks_only
            and self.knows_labels(name)
            and ("junk" not in rule.gallery or self.num_junk > 0)
            and self.valid_queries(name).any()
        ]
