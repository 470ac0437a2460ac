"""`python -m reid_cosam.data.synthetic FOLDER OUT.png`: draws the contact sheet of a rendered data set."""

import argparse
from pathlib import Path

from PIL import Image

from reid_cosam.data.synthetic.contact_sheet import contact_sheet


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m reid_cosam.data.synthetic", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--identities", type=int, default=6)
    arguments = parser.parse_args()
    # Sensor noise does not compress: 256 colours make the file a third as large.
    sheet = contact_sheet(arguments.folder, arguments.identities).quantize(256, dither=Image.Dither.NONE)
    sheet.save(arguments.picture, optimize=True)
    print(f"wrote {arguments.picture}")


if __name__ == "__main__":
    main()
