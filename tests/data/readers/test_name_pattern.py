"""What patterns of frame names find in real names, and which are refused."""

import pytest

from reid_cosam.data.readers.name_pattern import compiled


@pytest.mark.parametrize(
    ("pattern", "path", "said"),
    [
        (
            "{person}/{tracklet}/{}_C{camera}_F{frame}_X{}.jpg",
            "0001/0012/0001_C6_F0099_X30823.jpg",
            {"person": "0001", "tracklet": "0012", "camera": "6", "frame": "0099"},
        ),
        (
            "{person}_c{camera}s{tracklet}_{frame}_{}.jpg",
            "-1_c3s2_000451_03.jpg",
            {"person": "-1", "camera": "3", "tracklet": "2", "frame": "000451"},
        ),
        (
            "{person:4}{camera:4}{frame:4}.png",
            "007000030012.png",
            {"person": "0070", "camera": "0003", "frame": "0012"},
        ),
        (
            "{person}/{camera}/{tracklet}/{frame}",
            "Anna B./front.door/a-1/img (2).JPG",
            {"person": "Anna B.", "camera": "front.door", "tracklet": "a-1", "frame": "img (2).JPG"},
        ),
        (
            "{person}/{tracklet}/{}C{camera}E{}_{frame}",
            "0007/0003/P0007T04C5E120_0017.jpg",
            {"person": "0007", "tracklet": "0003", "camera": "5", "frame": "0017.jpg"},
        ),
        ("{person}/{person}_{camera}.png", "7/7_2.png", {"person": "7", "camera": "2"}),
        ("{person}/{clothes}/{view}/{camera}.png", "7/a/ground/2.png", {"clothes": "a", "view": "ground"}),
    ],
)
def test_fields_are_found(pattern: str, path: str, said: dict[str, str]) -> None:
    found = compiled(pattern).fullmatch(path)

    assert found is not None
    assert found.groupdict().items() >= said.items()


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("{person}/{camera}/{frame}", "1/2/3/4.jpg"),
        ("{person:4}{camera}.jpg", "0071.png"),
        ("{person}/{person}_{camera}.png", "7/8_2.png"),
        ("{person}.{camera}.png", "7x2.png"),
    ],
)
def test_other_names_do_not_match(pattern: str, path: str) -> None:
    assert compiled(pattern).fullmatch(path) is None


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("{camera}/{frame}", "{person}"),
        ("{person}/{frame}", "{camera}"),
        ("{person}/{cam}/{frame}", "{cam}"),
        ("{person:x}/{camera}", "{person:x}"),
        ("{person:0}/{camera}", "{person:0}"),
        ("{person}/{camera}/}", "brace"),
        ("{person}/{camera}/{", "brace"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str, named: str) -> None:
    with pytest.raises(ValueError, match=r"^pattern=") as error:
        compiled(pattern)

    assert named in str(error.value)
