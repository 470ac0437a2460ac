"""Nouns agree with their numbers."""

from reid_cosam.words import number_of


def test_nouns_agree_with_their_numbers() -> None:
    assert [number_of(count, "camera") for count in (0, 1, 1204)] == [
        "0 cameras",
        "1 camera",
        "1,204 cameras",
    ]
    assert [number_of(count, "query", "queries") for count in (1, 2)] == ["1 query", "2 queries"]
