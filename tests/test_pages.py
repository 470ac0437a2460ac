"""Documents lead to files that exist, show code that runs, and repeat nothing that may change elsewhere."""

import importlib.util
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from docs import architecture, hooks

import reid_cosam
from reid_cosam.cli import VERBS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "RESULTS.md", *PAGES),
    *sorted((ROOT / "experiments").glob("**/*.md")),
    ROOT / "tests" / "faults" / "README.md",
]
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Blocks that read data sets, galleries or models; api.md imports all names, as tests/test_public_api.py does.
NOT_RUN = {"api.md", "data.md", "evaluation.md", "footage.md"}


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """The anchors of the headings, as GitHub and the site make them."""
    text = re.sub(r"^```.*?^```$", "", hooks.document(name_of(document)), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_to_files_and_headings(document: Path) -> None:
    text = hooks.document(name_of(document))

    for _, link, anchor in hooks.LINK.findall(text):
        target = document.parent / link
        assert target.exists(), f"{document.name} links to {link}"
        assert not anchor or anchor[1:] in anchors(target), f"{document.name} links to {link}{anchor}"
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        assert anchor in anchors(document), f"{document.name} links to #{anchor}"


@pytest.mark.parametrize("document", [ROOT / "README.md", *PAGES], ids=name_of)
def test_pages_link_to_files_not_to_folders(document: Path) -> None:
    """A file becomes a page of the site; a folder would be a link into nothing."""
    for _, link, _ in hooks.LINK.findall(document.read_text()):
        assert not (document.parent / link).is_dir(), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_pages_take_from_the_repository_exists(page: Path) -> None:
    for kind, argument in hooks.COMMENT.findall(page.read_text()):
        assert hooks.expanded(kind, argument).strip()


def test_every_page_is_in_the_navigation() -> None:
    found = re.findall(r": (\w[\w-]*\.md)$", (ROOT / "mkdocs.yml").read_text(), flags=re.MULTILINE)

    assert sorted(found) == [page.name for page in PAGES]


@pytest.mark.parametrize("document", [ROOT / "README.md", *PAGES], ids=name_of)
def test_python_runs_and_prints_what_stands_beside_it(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for block in PYTHON_BLOCK.findall(document.read_text()):
        code = compile(block, str(document), "exec")
        if document.name not in NOT_RUN:
            exec(code, {"__name__": "block"})
            shown = [line.partition("  # ")[2] for line in block.splitlines() if line.startswith("print(")]
            assert capsys.readouterr().out.splitlines() == shown


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_programs_of_the_repository_exist(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))

    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, flags=re.MULTILINE)) <= targets
    for script in re.findall(r"(?:python|bash) ((?:docs|experiments|benchmarks)/[\w/]+\.(?:py|sh))", text):
        assert (ROOT / script).is_file(), script
    for module in re.findall(r"python -m ((?:benchmarks|experiments)(?:\.\w+)?)", text):
        assert find_spec(module) is not None, module


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 130


def test_the_readme_has_a_clause_for_each_command_as_the_program_has() -> None:
    words = " ".join(hooks.section("README.md", "Commands").split())

    for verb, clause in VERBS.items():
        assert f"`{verb}`: {clause.partition(';')[0]}" in words


def test_results_in_the_readme_stand_in_their_sources() -> None:
    rows = [line for line in hooks.section("README.md", "Results").splitlines() if line.count("±") > 1]

    assert len(rows) >= 3
    for row in rows:
        (link,) = re.findall(r"\]\(([^)]+)\)", row)
        for score in re.findall(r"[\d.]+ ± [\d.]+", row):
            assert score in (ROOT / link).read_text(), f"{score} is not in {link}"


def test_the_figure_is_drawn_by_its_script_and_names_files_that_exist() -> None:
    drawn = architecture.drawing()

    assert architecture.FILE.read_text() == drawn
    files = re.findall(r"\w+/[\w/]+\.py", drawn)
    assert len(files) >= 12
    for file in files:
        assert (ROOT / "src" / "reid_cosam" / file).is_file(), file


def test_formulas_are_those_of_the_paper_beside_their_code() -> None:
    network = (ROOT / "docs" / "network.md").read_text()

    for number, name in (
        (1, "cost_volume"),
        (2, "ncc"),
        (3, "ReidLoss.forward"),
        (4, "batch_hard_triplet_loss"),
    ):
        section = network.partition(f"## Formula ({number})")[2].partition("\n## ")[0]
        assert "```math" in section
        assert f" {name} -->" in section


def test_the_reference_has_each_public_name_once() -> None:
    listed = [
        name
        for kind, argument in hooks.COMMENT.findall((ROOT / "docs" / "api.md").read_text())
        for name in hooks.public_names(argument.split())
        if kind == "api"
    ]

    assert sorted(name.rpartition(".")[2] for name in listed) == sorted(reid_cosam.__all__)


def test_help_texts_are_those_of_the_verbs() -> None:
    assert [verb for verb, _, _ in hooks.help_texts()] == list(VERBS)
    for verb, _, text in hooks.help_texts():
        assert text.startswith(f"reid-cosam {verb}\n")
        assert "${" not in text


def test_a_function_is_taken_from_its_source_without_its_docstring(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text(
        'class A:\n    @property\n    def b(self):\n        """Doc."""\n        return 1\n'
    )

    taken = hooks.source(str(tmp_path / "some.py"), "A.b")

    assert taken == "@property\ndef b(self):\n    return 1"
    with pytest.raises(KeyError, match="c"):
        hooks.source(str(tmp_path / "some.py"), "A.c")


def test_links_lead_from_each_page_to_the_page_of_the_file() -> None:
    text = "[a](../src/reid_cosam/cli.py) [b](data.md#in-a-table) [c](../conf/train.yaml) [d](none.md)"

    assert hooks.relinked(text, "docs/index.md", "index.md") == (
        "[a](repository/src/reid_cosam/cli.py.md) [b](data.md#in-a-table) "
        "[c](repository/conf/train.yaml.md) [d](none.md)"
    )
    assert hooks.relinked(
        "[a](../../docs/data.md)", "experiments/ward/README.md", "repository/experiments/ward/README.md"
    ) == ("[a](../../../data.md)")


def test_a_notebook_becomes_text_and_code(tmp_path: Path) -> None:
    cells = [{"cell_type": "markdown", "source": ["# A"]}, {"cell_type": "code", "source": ["x = 1\n", "x"]}]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))

    assert hooks.document(str(tmp_path / "a.ipynb")) == "# A\n\n````python\nx = 1\nx\n````"


def test_examples_of_docstrings_become_code() -> None:
    assert hooks.fence_examples("Do:\n\n    >>> 1 + 1\n    2\n\nNo.") == (
        "Do:\n\n    ```pycon\n    >>> 1 + 1\n    2\n    ```\n\nNo."
    )


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="needs the extra `docs`")
def test_the_site_is_built_strictly_and_needs_no_network(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for page in tmp_path.glob("**/*.html"):
        assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=\"?https?://", page.read_text()), page
    assert (tmp_path / "network.html").read_text().count("<math") == 5


def test_settings_of_the_site_name_no_server() -> None:
    text = re.sub(r"!!python\S+", "", (ROOT / "mkdocs.yml").read_text())

    assert yaml.safe_load(text)["theme"]["font"] is False
    assert "http" not in text
