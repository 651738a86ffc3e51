from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds import files
from clearway.registry.feeds.files import FeedFile

TEXT = 'name,code\n虚构有限公司,1\n\n"多\n行",2\n'
LINES = [(1, ["name", "code"]), (2, ["虚构有限公司", "1"]), (5, ["多\n行", "2"])]


def read(path: Path) -> list[tuple[int, list[str]]]:
    with FeedFile(path) as file:
        return list(file.lines())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_list_is_read_in_the_encodings_that_lists_come_in(tmp_path: Path, encoding: str, compressed: bool) -> None:
    content = TEXT.encode(encoding)
    path = tmp_path / "list.csv"
    path.write_bytes(gzip.compress(content) if compressed else content)
    assert read(path) == LINES


def test_the_hash_is_of_the_file_as_it_lies_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    with FeedFile(path) as file:
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_list_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(TEXT, encoding="utf-8")
    with FeedFile(path) as file:
        assert list(file.lines()) == list(file.lines())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"a,b\n\xff\xff\xff\n", "neither UTF-8 nor GB 18030"),
        (gzip.compress(TEXT.encode())[:-9], "damaged"),
        (b"\x1f\x8bnot gzip after all", "damaged"),
        (b'a,b\n"never closed,2\n', "line 2: not comma-separated"),
        (b"a,b\n" + b"x" * 200_000 + b",2\n", "not comma-separated"),
    ],
    ids=["not text", "cut short", "not gzip", "open quote", "endless cell"],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFeed, match=complaint):
        read(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFeed, match="cannot be opened"):
        read(tmp_path / "nowhere.csv")


def test_a_file_that_swells_when_decompressed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FREE_BYTES", 1 << 20)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"0" * (4 << 20)))
    with pytest.raises(UnreadableFeed, match="larger than a list may be"):
        read(path)
