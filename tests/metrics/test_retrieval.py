import pytest
import torch
from torch import Tensor

from reid_cosam.metrics import retrieval
from reid_cosam.metrics.retrieval import TrackletDescriptors, cosine_distances, euclidean_distances


def _snippets() -> tuple[Tensor, Tensor, Tensor]:
    """Descriptors of 37 snippets of 8 tracklets, their tracklets, and the means by loop."""
    generator = torch.Generator().manual_seed(0)
    descriptors = torch.randn(37, 5, generator=generator)
    tracklets = torch.cat([torch.arange(8), torch.randint(8, (29,), generator=generator)])
    means = torch.stack([descriptors[tracklets == tracklet].double().mean(0) for tracklet in range(8)])
    return descriptors, tracklets, means.float()


def test_mean_worked_out_by_hand() -> None:
    metric = TrackletDescriptors(num_tracklets=2, width=2)

    metric.update(torch.tensor([[1.0, 2.0], [5.0, 7.0], [3.0, 6.0]]), torch.tensor([0, 1, 0]), torch.ones(3))

    assert metric.compute().tolist() == [[2, 4], [5, 7]]


def test_snippets_count_by_their_weights() -> None:
    metric = TrackletDescriptors(num_tracklets=1, width=2)

    metric.update(torch.tensor([[1.0, 3.0], [6.0, 3.0]]), torch.tensor([0, 0]), torch.tensor([1.0, 0.25]))

    assert metric.compute().tolist() == [[2, 3]]  # (1 + 6 / 4) / (1 + 1 / 4)


@pytest.mark.parametrize("batch_size", [1, 4, 37])
@pytest.mark.parametrize("seed", [0, 1])
def test_order_and_size_of_batches_change_nothing(batch_size: int, seed: int) -> None:
    descriptors, tracklets, means = _snippets()
    order = torch.randperm(37, generator=torch.Generator().manual_seed(seed))
    metric = TrackletDescriptors(8, 5)

    for batch in order.split(batch_size):
        metric.update(descriptors[batch], tracklets[batch], torch.ones(len(batch)))

    torch.testing.assert_close(metric.compute(), means)


def test_states_of_shards_add_up() -> None:
    descriptors, tracklets, means = _snippets()
    shards = [TrackletDescriptors(8, 5), TrackletDescriptors(8, 5)]
    for shard, mine in zip(shards, (tracklets < 3, tracklets >= 3), strict=True):
        shard.update(descriptors[mine], tracklets[mine], torch.ones(int(mine.sum())))
    whole = TrackletDescriptors(8, 5)
    whole.update(descriptors[:0], tracklets[:0], torch.ones(0))

    for name, reduce in whole._reductions.items():
        states = torch.stack([getattr(shard, name) for shard in shards])
        setattr(whole, name, reduce(states))  # type: ignore[misc,operator]  # as torchmetrics joins ranks

    torch.testing.assert_close(whole.compute(), means)


def test_half_precision_descriptors_are_summed_in_float32() -> None:
    metric = TrackletDescriptors(1, 1)

    # In bfloat16 the sum would stop growing at 256.
    metric.update(
        torch.ones(1000, 1, dtype=torch.bfloat16), torch.zeros(1000, dtype=torch.int64), torch.ones(1000)
    )

    assert metric.sums.item() == 1000
    assert metric.compute().dtype == torch.float32


def test_tracklets_without_snippet_are_named() -> None:
    metric = TrackletDescriptors(9, 3)
    metric.update(torch.ones(2, 3), torch.tensor([0, 4]), torch.ones(2))

    with pytest.raises(ValueError, match=r"7 of 9 tracklets received no snippet: 1, 2, 3, 5, 6, \.\.\."):
        metric.compute()


def test_reset_empties_the_states() -> None:
    metric = TrackletDescriptors(1, 2)
    metric.update(torch.full((1, 2), 9.0), torch.tensor([0]), torch.ones(1))

    metric.reset()
    metric.update(torch.full((1, 2), 2.0), torch.tensor([0]), torch.ones(1))

    assert metric.compute().tolist() == [[2, 2]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_distances_are_squared_and_keep_the_type(dtype: torch.dtype) -> None:
    query = torch.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=dtype)
    gallery = torch.tensor([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]], dtype=dtype)

    distances = euclidean_distances(query, gallery)

    assert distances.dtype == dtype
    assert distances.tolist() == [[25, 1, 0], [0, 18, 25]]


def test_cosine_distance_is_one_minus_the_cosine() -> None:
    query = torch.tensor([[2.0, 0.0], [1.0, 1.0]])
    gallery = torch.tensor([[0.5, 0.0], [0.0, 3.0], [-4.0, 0.0]])

    distances = cosine_distances(query, gallery)

    half = 0.5**0.5
    torch.testing.assert_close(distances, torch.tensor([[0, 1, 2], [1 - half, 1 - half, 1 + half]]))


def test_near_duplicates_keep_their_distance() -> None:
    generator = torch.Generator().manual_seed(0)
    query = 30 + torch.randn(20, 256, generator=generator)
    gallery = query + 1e-3 * torch.randn(20, 256, generator=generator)
    expected = (query.double()[:, None] - gallery.double()).square().sum(2).float()
    in_float32 = query.square().sum(1)[:, None] - 2 * query @ gallery.T + gallery.square().sum(1)

    distances = euclidean_distances(query, gallery)

    torch.testing.assert_close(distances, expected, rtol=1e-6, atol=0)
    assert not torch.allclose(in_float32.diagonal(), expected.diagonal(), rtol=0.15)


def test_chunks_join_without_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "_CHUNK_ROWS", 3)
    generator = torch.Generator().manual_seed(0)
    query, gallery = torch.randn(5, 7, generator=generator), torch.randn(10, 7, generator=generator)

    expected = torch.cdist(query.double(), gallery.double()).square().float()

    torch.testing.assert_close(euclidean_distances(query, gallery), expected)


def test_a_descriptor_is_never_at_negative_distance_to_itself() -> None:
    descriptors = 100 * torch.randn(64, 333, generator=torch.Generator().manual_seed(0))

    distances = euclidean_distances(descriptors, descriptors).diagonal()

    assert bool((distances >= 0).all())
    assert float(distances.max()) < 1e-6


def test_autocast_does_not_lower_the_precision() -> None:
    query = torch.randn(4, 64, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = euclidean_distances(query, query.flip(0))

    assert torch.equal(inside, euclidean_distances(query, query.flip(0)))
