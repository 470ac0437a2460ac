"""The paper's tables 2 to 7: results beside the published numbers in `experiments/<table>/paper.csv`.

All on the way are tables of pandas: `read` finds results, a row each (`records`); `paper` says which network
belongs in which row and column, and what the paper prints there; `arrange` joins them and takes means over
seeds; `notes` writes what stands around a table; `formats` turns it into text, `write` into files.
"""
