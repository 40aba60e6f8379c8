"""What bash completes, asked of the function that the completion file registers."""

import os
import subprocess

from support.procs import ROOT

FILE = ROOT / "deploy" / "completion" / "agentic.bash"

ASK = r"""
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
spec=$(complete -p "${1##*/}") || exit
[[ $spec =~ -F\ ([a-z_]+) ]]
"${BASH_REMATCH[1]}" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(folder, *words, file=FILE):
    """The completions of the last of ${words}, in ${folder}, whose programs are on the PATH."""
    env = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder)}
    p = subprocess.run(["bash", "--norc", "-c", ASK, "bash", str(file), *words], cwd=folder, env=env,
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 0 and p.stderr == "", p.stderr
    return p.stdout.split()
