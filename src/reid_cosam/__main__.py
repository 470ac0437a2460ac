"""`python -m reid_cosam VERB`."""

from reid_cosam.cli import main

main()
