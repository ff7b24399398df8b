"""The cache folder: interpreters, virtual environments and source distributions."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
SHIMS = HERE / "shims"
STAMP = "realworld-requirements.sha256"


class SetupError(Exception):
    """A target can't be prepared on this machine; the message says what is missing."""


def cache_folder() -> Path:
    """Where everything is kept: ``QUERYAUDIT_REALWORLD_CACHE``, or ``.cache/realworld``."""
    chosen = os.environ.get("QUERYAUDIT_REALWORLD_CACHE")
    folder = Path(chosen) if chosen else REPOSITORY / ".cache" / "realworld"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@dataclass(frozen=True)
class Environment:
    """A virtual environment of the cache folder."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return next((self.folder / "lib").glob("python3.*/site-packages"))

    def install(self, *arguments: str) -> None:
        """Install with uv where it is on PATH (much faster), else with the environment's pip."""
        uv = shutil.which("uv")
        if uv:
            command = [uv, "pip", "install", "--quiet", "--python", str(self.python)]
        else:
            command = [str(self.python), "-m", "pip", "install", "--quiet"]
        _run([*command, *arguments])


def environment(name: str, python: str, requirements: tuple[str, ...]) -> Environment:
    """The environment ``name``, made anew when its interpreter or its requirements changed."""
    folder = cache_folder() / "venvs" / name
    stamp = folder / STAMP
    wanted = hashlib.sha256("\n".join((python, *requirements)).encode()).hexdigest()
    made = Environment(folder)
    if stamp.is_file() and stamp.read_text() == wanted:
        return made
    shutil.rmtree(folder, ignore_errors=True)
    _run([str(find_interpreter(python)), "-m", "venv", str(folder)])
    made.install(*requirements)
    stamp.write_text(wanted)
    return made


def install_queryaudit(target: Environment) -> None:
    """This checkout, editable, or the one in ``QUERYAUDIT_REALWORLD_CHECKOUT``."""
    target.install("--editable", os.environ.get("QUERYAUDIT_REALWORLD_CHECKOUT") or str(REPOSITORY))


def find_interpreter(version: str) -> Path:
    """A Python ``version`` ("3.13") from PATH, pyenv or uv."""
    candidates = [shutil.which(f"python{version}")]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += [str(found) for found in sorted(pyenv.glob(f"{version}.*/bin/python"))]
    if uv := shutil.which("uv"):
        asked = [uv, "python", "find", "--no-python-downloads", version]
        candidates.append(subprocess.run(asked, capture_output=True, text=True).stdout.strip())
    for candidate in filter(None, [*candidates, sys.executable]):
        if _version_of(candidate) == version:
            return Path(candidate)
    raise SetupError(f"Python {version} was not found on PATH, in pyenv or by uv: install it.")


def source(requirement: str, target: Environment) -> Path:
    """The unpacked source distribution of a pinned ``requirement`` ("name==version")."""
    folder = cache_folder() / "sources" / requirement.replace("==", "-")
    if not folder.is_dir():
        archive = _download(requirement, target)
        unpacked = folder.with_name(f"{folder.name}.unpacking")
        shutil.rmtree(unpacked, ignore_errors=True)
        with tarfile.open(archive) as opened:
            if hasattr(tarfile, "data_filter"):
                opened.extractall(unpacked, filter="data")
            else:
                opened.extractall(unpacked)
        (inner,) = unpacked.iterdir()
        inner.rename(folder)
        unpacked.rmdir()
    return folder


def _download(requirement: str, target: Environment) -> Path:
    folder = cache_folder() / "sdists" / requirement.replace("==", "-")
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob("*.tar.gz")):
        pip = [str(target.python), "-m", "pip", "download", "--quiet"]
        _run([*pip, "--no-binary", ":all:", "--no-deps", "--dest", str(folder), requirement])
    return next(folder.glob("*.tar.gz"))


def _version_of(interpreter: str) -> str:
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        asked = subprocess.run([interpreter, "-c", script], capture_output=True, text=True)
    except OSError:
        return ""
    return asked.stdout.strip()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise SetupError(f"{' '.join(command)}\nended with status {done.returncode}:\n{last}")
