from __future__ import annotations

from pathlib import Path

import pytest

from config import venv


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment made once; each test brings a list of another name, and so a stamp of its own."""
    folder = tmp_path_factory.mktemp("project") / ".venv"
    venv.make(folder)
    return folder


def listing(folder: Path, name: str, text: str = "# nothing, so that no package index is asked\n") -> Path:
    requirements = folder.parent / name
    requirements.write_text(text)
    return requirements


def test_a_first_run_installs_and_a_second_does_nothing(folder: Path) -> None:
    requirements = listing(folder, "first.txt")
    assert venv.ensure(folder, requirements) is True
    assert venv.ensure(folder, requirements) is False


def test_a_changed_list_is_installed_again(folder: Path) -> None:
    requirements = listing(folder, "changed.txt")
    venv.ensure(folder, requirements)
    listing(folder, "changed.txt", "# nothing, said differently\n")
    assert not venv.is_current(folder, requirements)
    assert venv.ensure(folder, requirements) is True
    assert venv.is_current(folder, requirements)


def test_an_install_that_fails_leaves_no_stamp(folder: Path) -> None:
    requirements = listing(folder, "fails.txt")
    venv.ensure(folder, requirements)
    listing(folder, "fails.txt", "./there-is-no-such-folder\n")
    with pytest.raises(SystemExit):
        venv.ensure(folder, requirements)
    assert not venv.stamp_of(folder, requirements).exists()


def test_a_half_made_environment_is_made_anew(tmp_path: Path) -> None:
    broken = tmp_path / ".venv"
    requirements = listing(broken, "requirements.txt")
    (broken / "bin").mkdir(parents=True)
    (broken / "bin" / "python").write_text("broken off while copying")
    venv.stamp_of(broken, requirements).write_text(venv.digest(requirements))
    assert not venv.is_current(broken, requirements)
    assert venv.ensure(broken, requirements) is True
    assert venv.works(broken)


def test_a_change_in_an_included_list_changes_the_digest(tmp_path: Path) -> None:
    outer, inner = tmp_path / "requirements-dev.txt", tmp_path / "requirements.txt"
    outer.write_text("-r requirements.txt\n")
    inner.write_text("# before\n")
    before = venv.digest(outer)
    inner.write_text("# after\n")
    assert venv.digest(outer) != before


def test_each_list_has_a_stamp_of_its_own(tmp_path: Path) -> None:
    one = venv.stamp_of(tmp_path, tmp_path / "requirements.txt")
    other = venv.stamp_of(tmp_path, tmp_path / "requirements-dev.txt")
    assert one != other
