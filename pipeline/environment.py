"""Make the course's environment: ``.venv``, with the exact versions of constraints.txt.

Run it with any Python that has pip (``python3 -m pipeline.environment``; ``py -m pipeline.environment`` on Windows). It uses the
standard library only, because on a new machine there is nothing else. Run again with nothing changed, it does nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
READY = VENV / ".ready"
VERSIONS = [(3, 13), (3, 12), (3, 11)]  # those that TensorFlow has wheels for, best first; as requires-python says


class SetupError(Exception):
    """Something is missing on this machine; the message says what to install."""


def fingerprint():
    """What the environment is made from, as a hash: it is made anew when this changes."""
    digest = hashlib.sha256(sys.platform.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def suitable_python():
    """A Python of a version that every package has wheels for.

    Returns
    -------
    str
        The running one if it fits, else the first that is found on the path.

    Raises
    ------
    SetupError
        If there is none.
    """
    if sys.version_info[:2] in VERSIONS:
        return sys.executable
    for major, minor in VERSIONS:
        found = shutil.which(f"python{major}.{minor}")
        if found and subprocess.run([found, "-c", "import venv"], capture_output=True).returncode == 0:
            return found
    raise SetupError(
        f"Python {sys.version_info[0]}.{sys.version_info[1]} does not fit: "
        "TensorFlow has packages for Python 3.11, 3.12 and 3.13.\n"
        "Install one of them (python.org, your system's packages, or `conda env create -f environment.yml`), then run this again."
    )


def make_environment():
    """Create ``.venv`` and install the course with all its parts into it.

    Installs with uv, which takes seconds where pip takes minutes: the uv on the path, else one installed into ``.venv`` first;
    where uv cannot be had, with pip. Either way modules are byte-compiled: importing Keras and TensorFlow takes three times as
    long otherwise, in every kernel.

    Raises
    ------
    SetupError
        If Python is too old or too new, or neither uv nor pip is there.
    subprocess.CalledProcessError
        If the installation itself fails; its own output says why.
    """
    python = suitable_python()
    if python != sys.executable:
        subprocess.run([python, "-m", "pipeline.environment"], cwd=ROOT, check=True)
        return
    READY.unlink(missing_ok=True)
    # Without pip at first: Debian's Python cannot put it there. It comes with the other packages.
    venv.EnvBuilder(clear=True, with_pip=False, symlinks=os.name != "nt").create(VENV)
    wanted = ["--constraint", str(ROOT / "constraints.txt"), "--editable", f"{ROOT}[all]"]
    uv = shutil.which("uv") or _install_uv()
    if uv:
        print("Installing the course's packages with uv: one or two minutes, most of it downloading.", flush=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--compile-bytecode", *wanted], check=True)
    else:
        print("Installing the course's packages with pip: some minutes.", flush=True)
        subprocess.run([*_pip(), "install", "--quiet", *wanted], check=True)
    READY.write_text(fingerprint(), encoding="utf-8")


def _pip():
    """The running Python's pip, told to work on the environment."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        raise SetupError(
            f"{sys.executable} has no pip. Install it (Debian and Ubuntu: `sudo apt-get install python3-pip`), "
            "or install uv, then run this again."
        )
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def _install_uv():
    """The uv that pip has put into the environment, or None where it could not."""
    done = subprocess.run([*_pip(), "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"), "uv"])
    return shutil.which("uv", path=str(BIN)) if done.returncode == 0 else None


def main():
    """Make the environment unless it is there already."""
    if READY.exists() and READY.read_text(encoding="utf-8") == fingerprint():
        READY.touch()  # so that make, which compares times, sees it too
        return
    try:
        make_environment()
    except SetupError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(f"The installation failed (see above): {' '.join(map(str, error.cmd))}")


if __name__ == "__main__":
    main()
