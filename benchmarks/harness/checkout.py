"""An earlier commit beside this one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """A checkout of the commit, which git forgets again.

    Raises:
        ValueError: there is no such commit.
    """
    tree = folder / "tree"
    git = ["git", "-C", str(ROOT)]
    named = [*git, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"]
    if subprocess.run(named, stdout=subprocess.DEVNULL, check=False).returncode:
        raise ValueError(
            f"before={commit}: this repository has no such commit; git log lists those it has, and "
            "git fetch --unshallow gets what a shallow clone lacks"
        )
    subprocess.run([*git, "worktree", "add", "--quiet", "--detach", str(tree), commit], check=True)
    try:
        yield tree
    finally:
        subprocess.run([*git, "worktree", "remove", "--force", str(tree)], check=True)
