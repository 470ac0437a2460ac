"""The identity number that MARS gives to badly detected tracklets; a gallery leaves them out."""

JUNK_PID = -1
