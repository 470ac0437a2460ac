"""Who may import whom: read off the source, so that no module need be run."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # comes with pytest there

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "reid_cosam"

PARTS = {"models", "losses", "metrics", "data"}  # never import one another
RESULTS = "results"  # imports none of them
COMMANDS = {
    "train",
    "evaluate",
    "score_matrix",
    "tables",
    "visualize",
    "analyse",
    "report",
    "dashboards",
    "verify",
    "convert",
    "pack",
    "export",
    "embed",
    "search",
    "link",
    "calibrate",
    "render",
}
LOWER = PARTS | {RESULTS, "settings", "training", "evaluation", "visualization"}
LOWER |= {"footage", "galleries", "sharing"}  # import no upper room
UPPER = COMMANDS | {"build", "sweeps", "distributed", "command_line", "cli"}
# command_line makes a function of a composed configuration a command; settings.reading gives it types.
MAY_IMPORT_HYDRA = COMMANDS | {"build", "sweeps", "distributed", "command_line", "settings.reading"}
MAY_IMPORT_LIGHTNING = {"build", "training", "sweeps", "distributed", "train", "evaluation.extraction"}


def declared_distributions() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [
        *project["dependencies"],
        *(
            line
            for name in ("sweep", "dashboards", "lsvid", "video", "onnx", "openvino", "faiss")
            for line in extras[name]
        ),
    ]
    return {normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in lines}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all imports, `from a import b` as `a.b`; relative ones start with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def broken_rules(module: str, source: str, declared: set[str], providers: dict[str, list[str]]) -> list[str]:
    """What `source`, the text of `reid_cosam.<module>`, imports against the rules."""
    part = module.split(".")[0]
    rooms = {part, module}
    reasons = ((name, _reason(rooms, name, declared, providers)) for name in imported(ast.parse(source)))
    return [f"{module} imports {name}: {reason}" for name, reason in reasons if reason]


def _reason(rooms: set[str], name: str, declared: set[str], providers: dict[str, list[str]]) -> str | None:
    top = name.split(".")[0]
    if not top:
        return "relative import"
    if top == "reid_cosam":
        return _reason_inside(rooms, name)
    if top == "lightning":
        return "only pytorch_lightning, the two do not mix"
    if top in {"hydra", "omegaconf"} and not rooms & MAY_IMPORT_HYDRA:
        return f"configuration stays in {', '.join(sorted(MAY_IMPORT_HYDRA - COMMANDS))} and commands"
    if top == "pytorch_lightning" and not rooms & MAY_IMPORT_LIGHTNING:
        return f"Lightning stays in {', '.join(sorted(MAY_IMPORT_LIGHTNING))}"
    if top in sys.stdlib_module_names or declared & {normal(found) for found in providers.get(top, [])}:
        return None
    return "not declared in pyproject.toml"


def _reason_inside(rooms: set[str], name: str) -> str | None:
    other = [*name.split("."), ""][1]
    for part in rooms & PARTS:
        if other in PARTS - {part}:
            return f"{part} and {other} stay apart"
    if RESULTS in rooms and other in PARTS:
        return f"{RESULTS} stays apart from {other}"
    if rooms & LOWER and other in UPPER:
        return f"{other} stands above it"
    if rooms & COMMANDS and other in COMMANDS - rooms:
        return "no command imports another"
    return None


@pytest.fixture(scope="module")
def declared() -> set[str]:
    return declared_distributions()


@pytest.fixture(scope="module")
def providers() -> dict[str, list[str]]:
    found = {name: list(ones) for name, ones in metadata.packages_distributions().items()}
    if sys.version_info < (3, 11):  # which sees only what has a top_level.txt
        for one in metadata.distributions():
            for name in {file.parts[0] for file in one.files or () if file.suffix == ".py"}:
                found.setdefault(name.removesuffix(".py"), []).append(one.metadata["Name"])
    return found


def modules() -> list[str]:
    paths = (path.relative_to(SOURCE).with_suffix("") for path in sorted(SOURCE.rglob("*.py")))
    return [".".join(path.parts) for path in paths]


@pytest.mark.parametrize("module", modules())
def test_module_keeps_the_import_rules(
    module: str, declared: set[str], providers: dict[str, list[str]]
) -> None:
    source = (SOURCE / Path(*module.split("."))).with_suffix(".py").read_text()

    assert broken_rules(module, source, declared, providers) == []


@pytest.mark.parametrize(
    ("module", "line", "reason"),
    [
        ("models.cosam", "from reid_cosam.data.tracklet import Tracklet", "models and data stay apart"),
        ("losses.reid", "import reid_cosam.models.network", "losses and models stay apart"),
        ("metrics.ranking", "from reid_cosam import losses", "metrics and losses stay apart"),
        ("results.store", "from reid_cosam.metrics import ranking", "results stays apart from metrics"),
        ("data.mars", "from omegaconf import DictConfig", "configuration stays"),
        ("training.loggers", "from reid_cosam import build", "build stands above it"),
        ("report", "from reid_cosam.tables import main", "no command imports another"),
        ("training.lightning_module", "import hydra.utils", "configuration stays"),
        ("losses.reid", "import pytorch_lightning as pl", "Lightning stays"),
        ("build", "from lightning.pytorch import Trainer", "do not mix"),
        ("models.cosam", "from .correlation import correlate", "relative import"),
        ("models.cosam", "from . import correlation", "relative import"),
        ("data.frames", "import cv2", "not declared"),
        ("data.frames", "def f() -> None:\n    import pytest", "not declared"),
    ],
)
def test_the_check_finds_what_breaks_a_rule(
    module: str, line: str, reason: str, declared: set[str], providers: dict[str, list[str]]
) -> None:
    found = broken_rules(module, f"import torch\n{line}\n", declared, providers)

    assert len(found) == 1
    assert reason in found[0]


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("models.network", "from reid_cosam.models.cosam import Cosam"),
        ("build.settings", "from omegaconf import DictConfig"),
        ("train", "import hydra"),
        ("training.datamodule", "import pytorch_lightning as pl"),
        ("training.lightning_module", "from reid_cosam.losses.reid import ReidLoss"),
        ("results.store", "from PIL import Image"),
        ("models.released", "from collections.abc import Mapping"),
    ],
)
def test_the_check_lets_the_rest_pass(
    module: str, line: str, declared: set[str], providers: dict[str, list[str]]
) -> None:
    assert broken_rules(module, line, declared, providers) == []


def test_undeclaring_a_dependency_is_noticed(declared: set[str], providers: dict[str, list[str]]) -> None:
    found = broken_rules("results.store", "from PIL import Image", declared - {"pillow"}, providers)

    assert found == ["results.store imports PIL.Image: not declared in pyproject.toml"]
