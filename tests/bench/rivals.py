"""The extraction tools we compare with, in a virtual environment of their own, made on demand."""

import subprocess
import venv
from pathlib import Path

from tests.bench.costs import ROOT
from tests.bench.rows import Say

FOLDER = ROOT / ".venv-bench"
WANTED = Path(__file__).with_name("requirements.txt")
READY = FOLDER / ".ready"


def rivals_python(say: Say) -> str | None:
    """Return the interpreter of that environment, or None when it cannot be made."""
    python = FOLDER / "bin" / "python"
    if READY.exists() and READY.read_text() == WANTED.read_text():
        return str(python)
    say(f"setting up {FOLDER.name} with {', '.join(WANTED.read_text().split())} ...")
    venv.create(FOLDER, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["-r", str(WANTED)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"could not be installed: {done.stderr.strip()[-300:]}")
        return None
    READY.write_text(WANTED.read_text())
    return str(python)
