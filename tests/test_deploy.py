"""What `deploy/` says is so: its settings, extras and files are there, its unit and services can be read."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from trendbot.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def named(file: str) -> dict[str, str]:
    """Return the environment that a file of `deploy/` sets."""
    found = re.findall(r"(TRENDBOT_\w+)(?:=|: )(\S+)", (DEPLOY / file).read_text())
    return {name: value.rstrip("\\") for name, value in found}


@pytest.mark.parametrize("file", ["Dockerfile", "compose.yaml", "trendbot.service"])
def test_every_setting_is_one(file: str, tmp_path: Path) -> None:
    environment = named(file)
    assert environment
    for name in environment:
        if name.endswith("_FILE"):
            (tmp_path / name).write_text("postgresql://one:two@three/four")
            environment[name] = str(tmp_path / name)
    settings = load_settings(environment={"TRENDBOT_HOME": str(tmp_path)} | environment)
    assert settings.web.port == 8080


@pytest.mark.parametrize("file", ["Dockerfile", "README.md"])
def test_every_extra_is_one(file: str) -> None:
    (named_,) = re.findall(r"pip install [^\n]*\[([a-z,]+)\]'", (DEPLOY / file).read_text())
    assert set(named_.split(",")) <= EXTRAS.keys()
    assert {"web", "email", "charts", "linkedin"} <= set(named_.split(","))


def test_what_the_image_copies_exists_and_is_not_ignored() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    sources = {name for line in copied for name in line.split()}
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().split() if line.startswith("!")}
    assert sources == kept
    assert all((ROOT / name).exists() for name in sources)


def test_the_services_can_be_read_and_their_secrets_are_those_of_the_guide() -> None:
    yaml: Any = pytest.importorskip("yaml")
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    ours = services["services"]["trendbot"]
    assert ours["read_only"]
    assert (DEPLOY / ours["build"]["context"] / ours["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    used = {secret for service in services["services"].values() for secret in service["secrets"]}
    assert used == services["secrets"].keys()
    guide = (DEPLOY / "README.md").read_text()
    for name, secret in services["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
        assert f"\n    {name} " in guide


def test_systemd_finds_no_fault_with_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd here to read the unit")
    unit = (DEPLOY / "trendbot.service").read_text().replace("/opt/trendbot/bin/trendbot", "/bin/true")
    (tmp_path / "trendbot.service").write_text(unit)
    said = subprocess.run(
        [program, "verify", tmp_path / "trendbot.service"], capture_output=True, text=True, check=False
    )
    assert [line for line in said.stderr.splitlines() if "trendbot.service" in line] == []
