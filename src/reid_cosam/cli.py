"""The command line: `reid-cosam VERB` is `python -m reid_cosam.VERB`. It imports only what a verb needs."""

import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import reid_cosam
from reid_cosam.startup import start_process

# Hydra completes settings, as it knows all groups and options; to it, the verb is the program.
_COMPLETION = """\
_reid_cosam() {
    local word="${COMP_WORDS[COMP_CWORD]}" words=""
    if (( COMP_CWORD == 1 )); then
        words="VERBS"
    elif [[ " VERBS " == *" ${COMP_WORDS[1]} "* ]]; then
        local line="${COMP_LINE#*[[:space:]]}"
        words="$(COMP_LINE="$line" "${COMP_WORDS[0]}" "${COMP_WORDS[1]}" -sc query=bash 2>/dev/null)"
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
COMP_WORDBREAKS="${COMP_WORDBREAKS//=}"
complete -o nospace -o default -F _reid_cosam reid-cosam
"""
_SHELLS = {"bash": "", "zsh": "autoload -Uz compinit bashcompinit && compinit && bashcompinit\n"}

VERBS = {
    "train": "train a network, score it, and write scores, curves and pictures",
    "evaluate": "score a trained network on any data set, under any protocol",
    "score": "score descriptors that any other network made, under any protocol",
    "embed": "turn footage into a gallery: one descriptor per tracklet",
    "calibrate": "measure thresholds and error rates on people a network was not trained on",
    "search": "find the tracklets of a gallery that show the person of a query",
    "link": "give each person one identity over all cameras of a gallery",
    "visualize": "draw what COSAM attends to, and measure it against person masks",
    "analyse": "measure whether attention follows places or content",
    "report": "write one HTML page of all runs",
    "tables": "make the paper's tables from your runs; `tables status` shows which runs are missing",
    "dashboards": "create a Weights & Biases workspace and reports",
    "verify": "check a data set: counts, frames, queries",
    "pack": "copy a data set with its images in one file",
    "render": "render walkers as the video of several cameras, with true boxes and identities",
    "export": "write a trained network to a folder that works on any machine",
    "convert": "convert a checkpoint of the released code",
}


def module_of(verb: str) -> str:
    """The module that runs a verb; `reid_cosam.score` is a function."""
    return "reid_cosam.score_matrix" if verb == "score" else f"reid_cosam.{verb}"


def main() -> None:
    """Runs the verb that is the first argument; the others are its settings.

    Raises:
        SystemExit: there is no such verb; names the nearest.
    """
    start_process()
    current = str(Path.cwd())
    if current not in sys.path and "" not in sys.path:
        sys.path.append(current)  # a user's own modules; last, so that they hide nothing that is installed
    verb, *arguments = sys.argv[1:] or ["--help"]
    if verb in VERBS:
        import_module(module_of(verb)).main(arguments)
    elif verb in ("--help", "-h", "help"):
        print(overview(), end="")
    elif verb == "--version":
        print(f"reid-cosam {reid_cosam.__version__}")
    elif verb == "completion":
        print(completion(*arguments), end="")
    else:
        nearest = get_close_matches(verb, VERBS, 1)
        hint = f"did you mean {nearest[0]}? " if nearest else ""
        raise SystemExit(f"error: there is no command {verb}: {hint}reid-cosam --help lists all commands")


def overview() -> str:
    """The verbs, one clause each."""
    verbs = "\n".join(f"  {verb:<12}{clause}" for verb, clause in VERBS.items())
    return f"""\
usage: reid-cosam COMMAND [key=value ...]

Video person re-identification with co-segmentation attention (COSAM).

{verbs}

reid-cosam COMMAND --help explains the settings of a command and gives commands worth copying. Start here:
  reid-cosam train experiment=quickstart

Tab completion, in bash and in zsh:
  eval "$(reid-cosam completion bash)"
  eval "$(reid-cosam completion zsh)"
"""


def completion(shell: str = "", *_: str) -> str:
    """What a shell evaluates to complete `reid-cosam ...` on Tab.

    Raises:
        SystemExit: there is nothing for this shell.
    """
    if shell not in _SHELLS:
        raise SystemExit(
            f"error: completion {shell or 'SHELL'}: completion exists for {' and '.join(_SHELLS)}"
        )
    return _SHELLS[shell] + _COMPLETION.replace("VERBS", " ".join(VERBS))
