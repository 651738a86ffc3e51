"""An enlarged source must hand over what an import of the same rows leaves in the registry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.enlarged import Enlarged, imported
from bench.servers import make_registry
from clearway.registry import synthetic
from clearway.registry.registry import Registry
from clearway.server.keys import load_keys
from clearway.server.settings import Settings

SUBJECTS = 400


def test_a_further_subject_is_as_an_import_leaves_it(tmp_path: Path) -> None:
    make_registry(tmp_path, SUBJECTS)
    settings, now = Settings(data_dir=tmp_path), datetime.now(UTC)
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        held = list(registry.changes.everything(registry.changes.head()))
        rows = synthetic.rows(SUBJECTS, now.date())
        assert held == [imported(number, row) for number, row in enumerate(rows, 1)]


def test_further_subjects_follow_the_registry_s_own(tmp_path: Path) -> None:
    make_registry(tmp_path, SUBJECTS)
    settings, now = Settings(data_dir=tmp_path), datetime.now(UTC)
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        source = Enlarged(registry.changes, SUBJECTS + 5, now.date())
        found = [subject.profile.subject_id for subject in source.everything(source.head())]
    assert found == list(range(1, SUBJECTS + 6))
