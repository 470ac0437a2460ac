"""What the site takes from the repository while mkdocs builds it, so that nothing is written twice.

A page may contain these comments, which are replaced:

    <!-- source: PATH -->             a whole file
    <!-- source: PATH NAME -->        a function, class or method of it, without its docstring
    <!-- section: PATH HEADING -->    the text below a heading of another document
    <!-- help -->                     the help text of every verb
    <!-- api: MODULE ... -->          the public names of these modules of `reid_cosam`

A file of the repository that a page links to becomes a page itself, so that every link also works without a
network. Formulas in blocks marked `math`, which GitHub draws too, become MathML.
"""

import ast
import json
import posixpath
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(\]\()([^)\s#:]+)(#[^)\s]*)?(?=\))")
SECTION = re.compile(r"^<!-- section: (\S+) (.+) -->$", re.MULTILINE)
COMMENT = re.compile(r"^<!-- (source|help|api)(?:: (.+?))? -->$", re.MULTILINE)
FORMULA = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^( *)>>> .*(?:\n\1\S.*)*", re.MULTILINE)
LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".sh": "bash", ".toml": "toml"}


def on_config(config: Any) -> Any:
    """Shows the examples of docstrings as code: lines from `>>> ` to the next blank line."""
    from markdown import Extension, Markdown
    from markdown.preprocessors import Preprocessor

    class Examples(Preprocessor):  # type: ignore[misc]
        def run(self, lines: list[str]) -> list[str]:
            return fence_examples("\n".join(lines)).split("\n")

    class ExamplesExtension(Extension):  # type: ignore[misc]
        def extendMarkdown(self, md: Markdown) -> None:
            md.preprocessors.register(Examples(md), "examples", priority=29)  # before code blocks are found

    config.markdown_extensions.append(ExamplesExtension())
    return config


def on_files(files: Any, config: Any) -> Any:
    """Adds a page for each file outside `docs/` that a page links to, and for those that these link to."""
    from mkdocs.structure.files import File

    waiting = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    for path in waiting:
        for target in linked_files(path):
            uri = site_path(target)
            if files.get_file_from_path(uri) is None and not target.startswith("docs/"):
                files.append(File.generated(config, uri, content=as_page(target)))
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replaces comments, and points links to the pages of the site."""
    uri = page.file.src_uri
    path = repository_path(uri)
    if not path.endswith((".md", ".ipynb")):
        return markdown  # code: brackets before parentheses are no links
    linked = relinked(with_sections(markdown, path), path, uri)
    drawn = FORMULA.sub(lambda found: mathml(found[1]), linked)
    return COMMENT.sub(lambda found: expanded(found[1], found[2] or ""), drawn)


def fence_examples(markdown: str) -> str:
    return EXAMPLE.sub(lambda found: f"{found[1]}```pycon\n{found[0]}\n{found[1]}```", markdown)


def mathml(formula: str) -> str:
    """A formula as browsers draw it without a script."""
    from latex2mathml.converter import convert

    return f'<div style="overflow-x: auto">{convert(formula.strip(), display="block")}</div>'


def linked_files(path: str) -> list[str]:
    """The files of the repository that a document links to."""
    if not path.endswith((".md", ".ipynb")):
        return []
    found = [_target(path, link[2]) for link in LINK.finditer(document(path))]
    return [target for target in found if (ROOT / target).is_file()]


def document(path: str) -> str:
    """A document as Markdown, with the sections that it takes from others; a notebook as written."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".ipynb"):
        cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]
        return "\n\n".join(code if kind == "markdown" else fenced(code, "python") for kind, code in cells)
    return with_sections(text, path)


def with_sections(markdown: str, path: str) -> str:
    """The document `path` with the sections that it takes from others, and their links as from there."""
    folder = posixpath.dirname(path)
    return SECTION.sub(
        lambda found: _relinked(
            section(found[1], found[2]), found[1], lambda target: posixpath.relpath(target, folder)
        ),
        markdown,
    )


def as_page(path: str) -> str:
    """A file of the repository as a page: documents as they are, all others as code."""
    if path.endswith((".md", ".ipynb")):
        return document(path)
    code = fenced((ROOT / path).read_text(encoding="utf-8"), LANGUAGES.get(Path(path).suffix, "text"))
    return f"---\nsearch: {{exclude: true}}\n---\n# {posixpath.basename(path)}\n\n`{path}`\n\n{code}\n"


def site_path(path: str) -> str:
    """Where a file of the repository lies in the site."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"repository/{path}" if path.endswith(".md") else f"repository/{path}.md"


def repository_path(uri: str) -> str:
    """The inverse of `site_path`."""
    if not uri.startswith("repository/"):
        return f"docs/{uri}"
    path = uri.removeprefix("repository/")
    return path if (ROOT / path).is_file() else path.removesuffix(".md")


def relinked(markdown: str, path: str, uri: str) -> str:
    """The links of the document `path` to files of the repository, as they are in the page `uri`."""
    folder = posixpath.dirname(uri)
    return _relinked(markdown, path, lambda target: posixpath.relpath(site_path(target), folder))


def _relinked(markdown: str, path: str, place: Callable[[str], str]) -> str:
    def link(found: re.Match[str]) -> str:
        target = _target(path, found[2])
        return found[1] + place(target) + (found[3] or "") if (ROOT / target).is_file() else found[0]

    return LINK.sub(link, markdown)


def _target(path: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def expanded(kind: str, argument: str) -> str:
    """What takes the place of a comment."""
    if kind == "source":
        path, _, name = argument.partition(" ")
        return fenced(source(path, name), LANGUAGES[Path(path).suffix], path)
    if kind == "help":
        return "\n\n".join(f"## {verb}\n\n{clause}\n\n{fenced(text)}" for verb, clause, text in help_texts())
    return "\n\n".join(f"::: {name}" for name in public_names(argument.split()))


def fenced(code: str, language: str = "text", title: str = "") -> str:
    caption = f' title="{title}"' if title else ""
    return f"````{language}{caption}\n{code.rstrip()}\n````"


def source(path: str, name: str = "") -> str:
    """A file, or one function, class or method of it (`Cosam.forward`) without its docstring.

    Raises:
        KeyError: the file has nothing of this name.
    """
    text = (ROOT / path).read_text(encoding="utf-8")
    if not name:
        return text
    node: Any = ast.parse(text)
    for part in name.split("."):
        node = {getattr(one, "name", None): one for one in node.body}[part]
    lines = text.splitlines()
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    kept = lines[first - 1 : node.end_lineno]
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        del kept[docstring.lineno - first : docstring.end_lineno - first + 1]
    return textwrap.dedent("\n".join(kept))


def section(path: str, heading: str) -> str:
    """The text below a heading, up to the next heading of its level.

    Raises:
        ValueError: the document has no such heading.
    """
    found = re.search(
        rf"^(#+) {re.escape(heading)}\n(.*?)(?=^\1 |\Z)",
        (ROOT / path).read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    if found is None:
        raise ValueError(f"{path} has no heading {heading!r}")
    return found[2].strip()


def help_texts() -> list[tuple[str, str, str]]:
    """Every verb with its clause in the overview and its help text, as `reid-cosam VERB --help` prints it."""
    verbs = constant("src/reid_cosam/cli.py", "VERBS")
    return [(verb, f"{clause[0].upper()}{clause[1:]}.", help_text(verb)) for verb, clause in verbs.items()]


def help_text(verb: str) -> str:
    texts = yaml.safe_load((ROOT / f"conf/{verb}.yaml").read_text(encoding="utf-8"))["hydra"]["help"]
    header = texts["header"].replace("${hydra.help.app_name}", texts["app_name"])
    return str(texts["template"].replace("${hydra.help.header}", header))


def public_names(modules: list[str]) -> list[str]:
    """The public names of some modules, with the modules that define them."""
    module_of = constant("src/reid_cosam/__init__.py", "_MODULE_OF")
    return [f"reid_cosam.{module}.{name}" for name, module in module_of.items() if module in modules]


def constant(path: str, name: str) -> dict[str, str]:
    """A dictionary that a module spells out. The module is not imported, so nothing has to be installed."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    (value,) = [node.value for node in assignments if ast.unparse(node.targets[0]) == name]
    found: dict[str, str] = ast.literal_eval(value)
    return found
