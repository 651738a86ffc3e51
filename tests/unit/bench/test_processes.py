"""Which process answers on a port, as the kernel's tables tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import processes

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
MAPPED = "0000000000000000FFFF00000100007F"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A supervisor, 1, that started 2 from one thread and 3 from another; 3 answers on 8080 and has one connection."""
    for pid, thread, children in ((1, 1, "2 "), (1, 9, "3 "), (2, 2, ""), (3, 3, "")):
        task = tmp_path / str(pid) / "task" / str(thread)
        task.mkdir(parents=True)
        (task / "children").write_text(children)
        (tmp_path / str(pid) / "fd").mkdir(exist_ok=True)
    for pid, handle, inode in ((2, 3, 70), (3, 3, 71), (3, 4, 72)):
        (tmp_path / str(pid) / "fd" / str(handle)).symlink_to(f"socket:[{inode}]")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(HEAD + line("0100007F", 8081, "0A", 70))
    rows = line(MAPPED, 8080, "0A", 71) + line(MAPPED, 8080, "01", 72)
    (tmp_path / "net" / "tcp6").write_text(HEAD + rows)
    monkeypatch.setattr(processes, "PROC", tmp_path)
    return tmp_path


def line(address: str, port: int, state: str, inode: int) -> str:
    """A line of the kernel's table of sockets."""
    return f"   0: {address}:{port:04X} {address}:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n"


@pytest.mark.usefixtures("kernel")
def test_workers_are_the_descendants_that_listen_on_the_port_by_either_protocol() -> None:
    assert sorted(processes.descendants(1)) == [2, 3]
    assert processes.workers_of(1, 8080) == [3]
    assert processes.workers_of(1, 8081) == [2]


@pytest.mark.usefixtures("kernel")
def test_connections_are_counted_apart_from_the_socket_that_listens() -> None:
    assert processes.connections_of([2, 3], 8080) == {2: 0, 3: 1}
