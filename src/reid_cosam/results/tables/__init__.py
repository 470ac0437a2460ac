"""The paper's tables 2 to 7: results beside the published numbers in `experiments/<table>/paper.csv`.

`runs` and `records` find results, `published` the paper's; `skeleton` lays out rows and columns, `arrange`
fills them (`cells`, `marks`), `caption` and `advice` say what stands there and what is missing; `markdown`,
`latex`, `html` and `values` write.
"""
