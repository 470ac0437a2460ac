"""The embedded data set: articulated walkers, rendered once to JPEG files in the MARS layout.

Every test frame comes with a mask of the person (`masks/bbox_test/`, white where the person or an accessory
is visible); train frames have none, since nothing is measured on them. `attributes.csv` names who has a hat,
backpack, handbag or umbrella. The same spec gives the same bytes with the same versions of NumPy, Pillow and
simplejpeg, whatever the number of processes.
"""

from reid_cosam.data.synthetic.contact_sheet import contact_sheet
from reid_cosam.data.synthetic.sizes import RENDERER_VERSION, SIZES, SyntheticSpec, spec
from reid_cosam.data.synthetic.store import ensure

__all__ = ["RENDERER_VERSION", "SIZES", "SyntheticSpec", "contact_sheet", "ensure", "spec"]
