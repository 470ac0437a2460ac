"""The paper's tables 2 to 7: results beside the published numbers in `experiments/<table>/paper.csv`.

`read` finds results (`records`), `published` reads the paper's; `slots` says which network belongs in which
row and column, `arrange` fills in means (`summary`); `notes` writes what stands around a table; `formats` and
`latex` turn it into text, `write` into files.
"""
