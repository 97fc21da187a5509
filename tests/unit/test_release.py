"""What a forge runs and shows: workflows, their scripts, forms, the citation, the archives."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from dvfs_kernel import __version__
from dvfs_kernel.boards.spec import KINDS

ROOT = Path(__file__).parents[2]
FORGE = ROOT / ".github"
SCRIPTS = FORGE / "scripts"
WORKFLOWS = sorted((FORGE / "workflows").glob("*.yml"))
FORMS = sorted(
    set((FORGE / "ISSUE_TEMPLATE").glob("*.yml")) - {FORGE / "ISSUE_TEMPLATE/config.yml"}
)

pytestmark = pytest.mark.skipif(not FORGE.exists(), reason="a source archive has no .github")
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def script(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- version -----------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path):
    """The files that have to agree, in a checkout that may be released as 1.2.3."""
    texts = {
        "dvfs_kernel/__init__.py": '__version__ = "1.2.3"\n',
        "pyproject.toml": '[project]\nversion = "1.2.3"\n',
        "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n## 1.2.3 (2030-01-02)\n",
        "CITATION.cff": "cff-version: 1.2.0\nversion: 1.2.3\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_tag_that_all_files_agree_with_is_taken(checkout):
    assert script("check_release").complaints("v1.2.3", checkout) == []


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2.4", "v1.2", "v1.2.3rc1", "v", ""])
def test_another_tag_is_refused(checkout, tag):
    (found,) = script("check_release").complaints(tag, checkout)
    assert "makes it 'v1.2.3'" in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\nversion = "1.2.2"\n'),
        ("CHANGELOG.md", "# Changelog\n\n## Unreleased: 1.2.3\n"),
        ("CHANGELOG.md", "# Changelog\n\n## 1.2.30\n"),
        ("CITATION.cff", "cff-version: 1.2.0\nversion: 1.2.2\n"),
    ],
)
def test_a_file_that_says_something_else_is_named(checkout, name, text):
    (checkout / name).write_text(text)
    (found,) = script("check_release").complaints("v1.2.3", checkout)
    assert found.startswith(name)


def test_the_script_ends_with_an_error():
    words = [sys.executable, SCRIPTS / "check_release.py", "v0.0.0"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the tag is 'v0.0.0'")


def test_the_versions_of_this_checkout_agree():
    found = script("check_release").complaints(f"v{__version__}", ROOT)
    assert [line for line in found if not line.startswith("CHANGELOG.md")] == []
    assert __version__ in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_citation_names_both_papers_and_this_version():
    citation = load(ROOT / "CITATION.cff")
    assert (citation["cff-version"], citation["version"]) == ("1.2.0", __version__)
    urls = [reference["url"] for reference in citation["references"]]
    assert urls == ["https://arxiv.org/abs/2407.03711", "https://arxiv.org/abs/2409.16815"]


# ---- workflows ---------------------------------------------------------------------------------


def steps(path):
    return [step for job in load(path)["jobs"].values() for step in job.get("steps", ())]


def commands(path):
    return [step["run"].strip() for step in steps(path) if "run" in step]


@each_workflow
def test_a_workflow_runs_what_exists_and_no_more_than_a_line(path):
    for line in commands(path):
        assert "\n" not in line
        words = shlex.split(line)
        if words[0] != "python":
            assert os.access(ROOT / words[0], os.X_OK), line
        elif words[1] == "-m":
            assert words[2] in ("pip", "build"), line
        else:
            assert (ROOT / words[1]).is_file(), line


@each_workflow
def test_a_workflow_has_few_rights_and_pinned_actions(path):
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]
    assert "secrets." not in path.read_text(encoding="utf-8")
    for job in workflow["jobs"].values():
        assert job.get("permissions", {}) in ({}, {"id-token": "write"})
        if "uses" in job:
            assert (ROOT / job["uses"]).is_file()
        else:
            assert job["timeout-minutes"]
    for action in [step["uses"] for step in steps(path) if "uses" in step]:
        assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", action), action


def test_tests_are_the_command_of_ci_on_every_python_that_is_promised():
    path = FORGE / "workflows" / "test.yml"
    assert commands(path) == [".ci/run"]
    pythons = load(path)["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.13"]
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_only_the_job_that_publishes_may_identify_itself_and_it_runs_nothing_of_ours():
    jobs = load(FORGE / "workflows" / "release.yml")["jobs"]
    assert [name for name, job in jobs.items() if "permissions" in job] == ["publish"]
    assert (jobs["build"]["needs"], jobs["publish"]["needs"]) == ("test", "build")
    assert jobs["publish"]["environment"] == "pypi"
    used = [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"]]
    assert used == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_a_forge_asks_for(path):
    form = load(path)
    assert form["name"]
    assert form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    assert all(field["attributes"]["label"] for field in form["body"])


def test_the_form_of_a_bug_offers_every_kind_of_board():
    (field,) = [f for f in load(FORGE / "ISSUE_TEMPLATE" / "bug.yml")["body"] if f["id"] == "board"]
    offered = {option.split(" ")[0] for option in field["attributes"]["options"]}
    whole = {
        f"{kind}:{detail}" for kind, details in KINDS.items() for detail in (details or ())[1:]
    }
    assert offered - {"none"} == set(KINDS) | whole


# ---- archives ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A source archive of this tree, and the wheel that is built of it."""
    folder = tmp_path_factory.mktemp("archives")
    dist = folder / "dist"
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(dist), "-t"]
    subprocess.run([*build, "sdist"], cwd=ROOT, check=True, capture_output=True)
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    unpacked = folder / source.name.removesuffix(".tar.gz")
    subprocess.run([*build, "wheel"], cwd=unpacked, check=True, capture_output=True)
    return dist


def test_the_archives_of_this_tree_lack_nothing(built):
    check = script("check_archives")
    wheel, source = check.archives(built)
    # What else lies about in a tree at work is refused on release only.
    assert [
        line for line in check.complaints(wheel, source) if "source archive has" not in line
    ] == []
    names = check.names_in_source(source)
    assert [name for name in names if name.endswith(".elf") or name.startswith(".ci")] == []


def test_archives_that_lack_something_or_bring_too_much_are_refused(tmp_path):
    check = script("check_archives")
    wheel, source = tmp_path / "x-1-py3-none-any.whl", tmp_path / "x-1.tar.gz"
    elf, other_elf = check.ELFS
    inside = dict.fromkeys(check.IN_WHEEL, b"") | {elf: b"\x7fELF", other_elf: b"no"}
    inside |= {"tests/test_x.py": b"", "dvfs_kernel/image/other.elf": b""}
    del inside["dvfs_kernel/link/abi.toml"]
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in inside.items():
            archive.writestr(name, data)
    brought = [name for name in check.IN_SOURCE if name != "LICENSE"]
    with tarfile.open(source, "w:gz") as archive:
        for name in [*brought, ".ci/run", "dvfs_kernel/new.py", "notebooks/9.ipynb", elf]:
            archive.addfile(tarfile.TarInfo(f"x-1/{name}"))
    assert sorted(check.complaints(wheel, source)) == sorted(
        [
            "the wheel lacks dvfs_kernel/link/abi.toml",
            "the source archive lacks LICENSE",
            "the source archive has .ci/run",
            f"the source archive has {elf}",
            "the wheel lacks dvfs_kernel/new.py, in the source archive dvfs_kernel/new.py",
            f"the wheel lacks {check.NOTEBOOKS}9.ipynb, in the source archive notebooks/9.ipynb",
            "the wheel has tests/test_x.py, outside of its packages",
            "the wheel has dvfs_kernel/image/other.elf",
            f"{other_elf} of the wheel is no ELF file",
        ]
    )
