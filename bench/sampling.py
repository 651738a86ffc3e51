"""Load from ghz, in Go: dearer than h2load, but it sends another message each time and knows gRPC's statuses."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.json_format import MessageToDict

from bench.checks import SERVICE
from bench.latency import Measured
from clearway.gen.v1 import check_service_pb2 as pb

PROGRAM = "ghz"
HEADS = "duration (ms),status,error"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen call by call: those answered, and how many ended with which gRPC status."""

    answered: Measured
    statuses: Counter[str]

    def share(self, status: str) -> float:
        """The share of the calls that ended with this status."""
        return self.statuses[status] / sum(self.statuses.values())


def sample(
    address: str,
    requests: Iterable[pb.CheckSubjectRequest],
    *,
    in_flight: int,
    seconds: int,
    connections: int = 4,
    rate: int = 0,
) -> Sample:
    """Send checks, each in its turn, as fast as so many in flight allow, or at a rate a second."""
    with TemporaryDirectory() as folder:
        messages, calls = Path(folder) / "messages.json", Path(folder) / "calls.csv"
        protoset = Path(folder) / "service.binpb"
        protoset.write_bytes(described())
        messages.write_text(json.dumps([MessageToDict(request) for request in requests]))
        command = [PROGRAM, "--insecure", "--protoset", str(protoset), "--call", f"{SERVICE}/CheckSubject"]
        command += ["--data-file", str(messages), "--disable-template-data", "--disable-template-functions"]
        command += ["-c", str(in_flight), "--connections", str(connections), "-z", f"{seconds}s", "--rps", str(rate)]
        # What is under way at the end is not counted: ghz would break it off, which looks like a refusal.
        command += ["--duration-stop", "ignore", "-O", "csv", "-o", str(calls), address]
        subprocess.run(command, check=True, timeout=seconds * 3 + 60, stdout=subprocess.DEVNULL)
        return counted(calls.read_text().splitlines(), seconds)


def counted(lines: Iterable[str], seconds: float) -> Sample:
    """What ghz's table comes to: a line a call, with its latency in ms, its status, and unquoted words of an error."""
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    for line in lines:
        if line and line != HEADS:
            latency, status, _ = line.split(",", 2)
            statuses[status] += 1
            if status == "OK":
                latencies.append(float(latency))
    failed = sum(statuses.values()) - statuses["OK"]
    return Sample(Measured.of(latencies, seconds, failed), +statuses)


def described() -> bytes:
    """The check service's descriptors with all that they import, as ghz reads them."""
    found: dict[str, FileDescriptorProto] = {}

    def add(file: FileDescriptor) -> None:
        for needed in file.dependencies:
            add(needed)
        described = FileDescriptorProto()
        file.CopyToProto(described)
        found[file.name] = described

    add(pb.DESCRIPTOR)
    return FileDescriptorSet(file=found.values()).SerializeToString()
