"""`reid-cosam`: its overview, its verbs, completion, and what a process imports for them."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from reid_cosam import cli
from tests.test_import_rules import COMMANDS, ROOT

# The file that an installation makes of [project.scripts]; its folder is the first that Python searches.
SCRIPT = f"#!{sys.executable}\nfrom reid_cosam.cli import main\nmain()\n"
HEAVY = ("torch", "pytorch_lightning", "torchvision", "timm", "pandas", "wandb", "matplotlib", "scipy", "PIL")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "reid-cosam"
    path.parent.mkdir()
    path.write_text(SCRIPT)
    path.chmod(0o755)
    return path


def run(*command: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if "OMP" not in name}
    environment = {**inherited, **variables}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def python(code: str, folder: Path) -> list[str]:
    done = run(sys.executable, "-c", code, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_the_console_script_is_declared() -> None:
    (line,) = re.findall(r'^reid-cosam = "(.+)"$', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)

    assert EntryPoint("reid-cosam", line, "console_scripts").load() is cli.main


def test_every_verb_is_a_module_in_the_overview() -> None:
    modules = {path.stem for path in (ROOT / "src" / "reid_cosam").glob("*.py")}

    assert {cli.module_of(verb).rpartition(".")[2] for verb in cli.VERBS} == COMMANDS & modules
    assert all(f"\n  {verb} " in cli.overview() for verb in cli.VERBS)


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_alone_it_prints_the_verbs(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "reid_cosam", *arguments, folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == cli.overview()


def test_the_nearest_verb_is_named(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "reid_cosam", "trian", folder=tmp_path)

    assert done.returncode == 1
    assert re.fullmatch(r"error: .*trian.*train.*\n", done.stderr)


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_both_ways_of_calling_a_verb_are_one(verb: str, tmp_path: Path) -> None:
    ways = [("reid_cosam", verb), (cli.module_of(verb),)]
    first, second = (run(sys.executable, "-m", *way, "--help", folder=tmp_path) for way in ways)

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout
    assert first.stdout.startswith(f"reid-cosam {verb}\n")
    assert not list(tmp_path.iterdir())


def test_the_status_of_tables_explains_itself(tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "reid_cosam.tables", "status", "--help", folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "reid-cosam tables status table3" in done.stdout


def test_the_overview_imports_nothing_heavy(tmp_path: Path) -> None:
    code = "from reid_cosam import cli; cli.overview(); import sys; print(*sys.modules)"

    assert not {"hydra", "omegaconf", "pydantic", *HEAVY} & set(python(code, tmp_path))


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_the_help_of_a_verb_imports_nothing_heavy(verb: str, tmp_path: Path) -> None:
    code = f"""
import atexit, sys
atexit.register(lambda: print(*sys.modules))
from {cli.module_of(verb)} import main
main(["--help"])
"""
    modules = python(code, tmp_path)

    assert "hydra" in modules
    assert not set(HEAVY) & set(modules)


def test_importing_the_package_changes_nothing(tmp_path: Path) -> None:
    code = """
import gc, os, signal, sys
def state():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    return dict(os.environ), gc.get_threshold(), handlers, list(sys.path)
before, modules = state(), set(sys.modules)
import reid_cosam
assert state() == before
loaded = {name.partition(".")[0] for name in set(sys.modules) - modules}
print(*(loaded - sys.stdlib_module_names))
import reid_cosam.train, reid_cosam.command_line
assert state() == before
"""
    assert python(code, tmp_path) == ["reid_cosam"]


def test_a_command_lets_openmp_sleep_before_torch_is_imported(script: Path, tmp_path: Path) -> None:
    shown = "import os\nmain()\nprint(os.environ['OMP_WAIT_POLICY'], os.environ.get('GOMP_SPINCOUNT'))"
    script.write_text(SCRIPT.replace("main()", shown))

    assert run(script, folder=tmp_path).stdout.endswith("PASSIVE 1000\n")
    assert run(script, folder=tmp_path, OMP_WAIT_POLICY="ACTIVE").stdout.endswith("ACTIVE None\n")


def test_a_verb_run_as_a_module_is_a_command(tmp_path: Path) -> None:
    code = """
import os, runpy, sys
sys.argv[1:] = ["--cfg", "job"]
runpy.run_module("reid_cosam.train", run_name="__main__", alter_sys=True)
print(os.environ["OMP_WAIT_POLICY"], "torch" in sys.modules)
"""
    assert python(code, tmp_path)[-2:] == ["PASSIVE", "False"]


def test_modules_in_the_current_folder_are_found_last(script: Path, tmp_path: Path) -> None:
    (tmp_path / "hydra.py").write_text("raise RuntimeError('hides the installed one')")
    script.write_text(SCRIPT.replace("main()", "import sys\nmain()\nprint(sys.path[-1])"))

    done = run(script, folder=tmp_path)
    helped = run(script, "verify", "--help", folder=tmp_path)

    assert done.stdout.splitlines()[-1] == str(tmp_path)
    assert helped.returncode == 0, helped.stderr


@pytest.mark.parametrize("verb", ["reid-cosam", "python -m"])
def test_a_folder_of_own_options(verb: str, script: Path, tmp_path: Path) -> None:
    (tmp_path / "my_conf" / "agg").mkdir(parents=True)
    (tmp_path / "my_conf" / "agg" / "mine.yaml").write_text("_target_: my_nets.pool\n")
    command = [script, "train"] if verb == "reid-cosam" else [sys.executable, "-m", "reid_cosam.train"]

    done = run(*command, "--config-dir", "my_conf", "agg=mine", "--cfg", "job", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "_target_: my_nets.pool" in done.stdout


def completed(line: str, script: Path) -> list[str]:
    """What bash would offer for the last word of a line."""
    program = """
eval "$(reid-cosam completion bash)"
COMP_LINE="$1" COMP_POINT=${#1}
read -ra COMP_WORDS <<< "$1"
[[ "$1" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
_reid_cosam
printf '%s\\n' "${COMPREPLY[@]}"
"""
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    done = run("bash", "-c", program, "bash", line, folder=script.parent, PATH=path)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("reid-cosam ", {"train", "tables", "evaluate"}),
        ("reid-cosam tr", {"train"}),
        ("reid-cosam train agg=t", {"agg=tp_avg", "agg=ta"}),
        ("reid-cosam train agg=rnn num_fr", {"num_frames="}),
        ("reid-cosam evaluate data.r", {"data.root="}),
        ("reid-cosam nonsense a", set()),
    ],
)
def test_bash_completes(line: str, offered: set[str], script: Path) -> None:
    found = completed(line, script)

    assert offered <= set(found)
    assert all(word.startswith(line.rpartition(" ")[2]) for word in found)


def test_other_shells_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "bashcompinit" in cli.completion("zsh")
    with pytest.raises(SystemExit, match=r"fish.*bash"):
        cli.completion("fish")
    assert capsys.readouterr().out == ""
