"""The wheel carries everything: built from the source distribution, installed elsewhere, run from the root folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUNDLES = ("templates", "migrations", "seeds")


def tracked(folder: str) -> set[str]:
    """The files that git knows below `folder`, as paths from the root."""
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: nothing to compare the wheel with")
    return {line for line in listed.stdout.splitlines() if (ROOT / line).is_file()}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, as the index would."""
    out = tmp_path_factory.mktemp("dist")
    sdist = build(ROOT, "sdist", out)
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not before 3.11.4
        archive.extractall(out)  # noqa: S202  (our own)
    return build(out / sdist.name.removesuffix(".tar.gz"), "wheel", out)


def build(source: Path, kind: str, out: Path) -> Path:
    """Build `kind` of `source` with hatchling, without asking any index."""
    made = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return next(out.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


@pytest.mark.parametrize("folder", BUNDLES)
def test_the_wheel_has_every_file_of(wheel: Path, folder: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    missing = {path for path in tracked(folder) if f"trendbot/_bundled/{path}" not in names}
    assert not missing
    assert tracked(folder), f"nothing is tracked in {folder}"


def test_the_wheel_has_no_stray_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"trendbot"}


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; returns its trendbot program.

    The libraries are borrowed from the running environment by a path file, so that no index is needed. The path file
    sorts behind the wheel's own folder, and the editable installation is not on it.
    """
    home = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / "bin" / "python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            str(wheel),
        ],
        check=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin" / "trendbot"


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program from the root folder, away from the repository."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRENDBOT_", "PYTHON", "COVERAGE"))
    }
    return subprocess.run([program, *arguments], cwd="/", env=clean, capture_output=True, text=True, check=False)


def test_the_installed_program_uses_its_own_files(installed: Path, tmp_path: Path) -> None:
    python = installed.with_name("python")
    shown = run(python, "-c", "import trendbot.paths as p; print(p.bundled('seeds'))")
    assert shown.returncode == 0, shown.stderr
    assert str(installed.parent.parent) in shown.stdout


def test_the_installed_program_makes_a_database_and_lists_themes(installed: Path, tmp_path: Path) -> None:
    made = run(installed, "--home", str(tmp_path), "db", "upgrade")
    assert made.returncode == 0, made.stderr
    listed = run(installed, "--home", str(tmp_path), "themes", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert '"open-source"' in listed.stdout


def test_the_installed_program_shows_the_sample_week(installed: Path, tmp_path: Path) -> None:
    shown = run(installed, "demo", "--home", str(tmp_path))
    assert shown.returncode == 0, shown.stderr
    assert list(tmp_path.rglob("email*.html"))


# -- with nothing borrowed ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment into which pip put the wheel with the extra `web`, and what they need, from the index."""
    home = tmp_path_factory.mktemp("alone") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python, wanted = str(home / "bin" / "python"), f"{wheel}[web]"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-compile",
            "--retries",
            "0",
            wanted,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "No matching distribution" in done.stderr:
        pytest.skip("no package index here: what the wheel needs cannot be installed")
    assert done.returncode == 0, done.stderr
    return home / "bin" / "trendbot"


def test_installed_by_pip_into_an_empty_environment_it_serves_its_first_page(alone: Path, tmp_path: Path) -> None:
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "nobody"), "TRENDBOT_WEB__PORT": "0"}
    command = [str(alone), "serve", "--roles", "web", "--home", str(tmp_path / "home")]
    with subprocess.Popen(command, cwd="/", env=bare, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = next(line for line in process.stderr if "http://" in line)
            front = f"http://{said.partition('http://')[2].split()[0].rstrip('/')}"
            with urllib.request.urlopen(f"{front}/", timeout=60) as page:  # noqa: S310  (our own)
                assert "<h1" in page.read().decode()
            with urllib.request.urlopen(f"{front}/healthz", timeout=60) as answer:  # noqa: S310
                assert answer.status == 200
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
