"""A build of a checkout has the browser's files, bundled; one of an sdist has them without Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

pytestmark = pytest.mark.timeout(900)

STATIC = PurePosixPath("taskbeam/gateway/static")

#: `editables` is what hatchling makes an editable install with.
FRONT_END = ("build", "editables", "hatchling")

#: Where Node is, in the environment that the tests run in.
NODE = str(Path(sys.executable).parent)


@dataclass(frozen=True)
class Builder:
    """An environment with a build front end and nothing of Node's; ``shell`` is all that its PATH has."""

    python: Path
    shell: Path

    def build(self, source: Path, *arguments: str, node: bool) -> subprocess.CompletedProcess[str]:
        """Run ``python -m build`` without downloads."""
        return self.run(
            "build", "--no-isolation", *arguments, str(source), path=NODE if node else str(self.shell)
        )

    def run(self, module: str, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), "-m", module, *arguments]
        return subprocess.run(
            command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    folder = tmp_path_factory.mktemp("builder")
    python = folder / "env/bin/python"
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *FRONT_END], check=True)
    shell = folder / "shell"
    shell.mkdir()
    (shell / "sh").symlink_to("/bin/sh")
    return Builder(python, shell)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this one, for a build writes into it."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    copy = tmp_path / "checkout"
    for name in names:
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    static = copy / STATIC
    if not static.is_symlink():
        static.parent.mkdir(exist_ok=True)
        static.symlink_to("../../frontend")
    return copy


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """What the bundler makes, by path."""
    folder = tmp_path_factory.mktemp("bundle")
    subprocess.run([f"{NODE}/node", ROOT / "frontend/tools/bundle.js", folder], check=True)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def static_files(files: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Those that a gateway serves, by their path below."""
    paths = [(PurePosixPath(name), content) for name, content in files]
    return {str(path.relative_to(STATIC)): content for path, content in paths if path.is_relative_to(STATIC)}


def of_wheel(folder: Path) -> dict[str, bytes]:
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return static_files((name, archive.read(name)) for name in archive.namelist())


def unpacked(folder: Path) -> Path:
    (sdist,) = folder.glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", sdist, "-C", folder], check=True)
    return folder / sdist.name.removesuffix(".tar.gz")


def first_stage() -> list[list[str]]:
    """The instructions of the Dockerfile that make the wheel, as lists of words."""
    text, *_ = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").split("\n\n\n")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def copy_into(folder: Path, *paths: str) -> None:
    """As COPY does: a folder's content, links as links."""
    *sources, target = paths
    for source in (ROOT / each for each in sources):
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / target, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        else:
            (folder / target).mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / target)


def test_an_sdist_has_the_bundle_and_its_wheel_needs_no_node(
    builder: Builder, checkout: Path, bundle: Mapping[str, bytes], tmp_path: Path
) -> None:
    built = builder.build(checkout, "--sdist", f"--outdir={tmp_path}", node=True)
    assert built.returncode == 0, built.stdout + built.stderr
    source = unpacked(tmp_path)
    files = [path for path in source.rglob("*") if path.is_file()]
    assert static_files((str(path.relative_to(source)), path.read_bytes()) for path in files) == bundle
    built = builder.build(source, "--wheel", f"--outdir={tmp_path}", node=False)
    assert built.returncode == 0, built.stdout + built.stderr
    assert of_wheel(tmp_path) == bundle


def test_the_image_has_the_same_in_a_wheel_of_a_checkout(
    builder: Builder, bundle: Mapping[str, bytes], tmp_path: Path
) -> None:
    """What the first stage of the Dockerfile does, with nothing but what it copies."""
    path = os.pathsep.join((str(builder.python.parent), NODE, os.environ["PATH"]))
    for instruction, *words in first_stage():
        if instruction == "COPY":
            copy_into(tmp_path, *words)
        elif instruction == "RUN" and words[0] != "pip":  # the builder has what is installed
            command = " ".join(words)
            ran = subprocess.run(
                command, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, check=False
            )
            assert ran.returncode == 0, command
    assert of_wheel(tmp_path / "dist") == bundle
    (wheel,) = tmp_path.glob("dist/*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "taskbeam/gateway/asyncapi.yaml" in archive.namelist()
    page = tmp_path / "build/page"
    (script,) = page.glob("page/page-*.js")
    assert f"page/{script.name}" in (page / "index.html").read_text()
    assert script.with_name(f"{script.name}.br").exists()


def test_without_node_it_says_what_to_do(builder: Builder, checkout: Path, tmp_path: Path) -> None:
    built = builder.build(checkout, "--wheel", f"--outdir={tmp_path}", node=False)
    assert built.returncode != 0
    assert "Put Node 20 or later on the PATH" in built.stderr
    assert list(tmp_path.glob("*.whl")) == []


def test_an_editable_install_needs_no_node(builder: Builder, checkout: Path) -> None:
    options = ("--no-deps", "--no-build-isolation", "--quiet", "--editable")
    installed = builder.run("pip", "install", *options, str(checkout), path=str(builder.shell))
    assert installed.returncode == 0, installed.stdout + installed.stderr


def test_a_checkout_without_the_link_is_refused(builder: Builder, checkout: Path, tmp_path: Path) -> None:
    (checkout / STATIC).unlink()
    built = builder.build(checkout, "--wheel", f"--outdir={tmp_path}", node=True)
    assert built.returncode != 0
    assert f"{STATIC} is missing" in built.stderr
