"""WARD's test people as footage: crops for `reid-cosam embed`, half to calibrate on, half to find.

    python experiments/footage/ward.py WARD_FOLDER SPLIT OUT

A network trained with `data=ward data.split=SPLIT` has seen none of them. Writes `OUT/calibration.csv` and
`OUT/test.csv` (path,track,camera,person). Each passage is one tracklet, as a tracker would follow it.
"""

import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd

from reid_cosam import Ward


def main() -> None:
    root, split, out = sys.argv[1:]
    splits = Ward(split=int(split)).read(root)
    passages = defaultdict[tuple[int, int], list[str]](list)
    for tracklet in (*splits.query, *splits.gallery):  # the two halves of each passage
        passages[tracklet.pid, tracklet.camid] += tracklet.frames
    rows = [
        (str(Path(frame).absolute()), f"{person:02d}", f"camera{camera}", f"person{person:02d}")
        for (person, camera), frames in sorted(passages.items())
        for frame in sorted(frames)
    ]
    table = pd.DataFrame(rows, columns=["path", "track", "camera", "person"])
    people = sorted(table["person"].unique())
    Path(out).mkdir(parents=True, exist_ok=True)
    for name, chosen in (("calibration", people[::2]), ("test", people[1::2])):
        part = table[table["person"].isin(chosen)]
        part.to_csv(Path(out, f"{name}.csv"), index=False)
        print(f"{name}.csv: {len(chosen)} people, {len(part):,} crops")


if __name__ == "__main__":
    main()
