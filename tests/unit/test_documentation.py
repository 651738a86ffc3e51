"""What the pages say is so: every setting, command, option, exit code, notice and error stands in its page."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import click
import protovalidate
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import ServiceDescriptor
from pydantic import BaseModel

from clearway.catalogue.loader import FILE_RULES, load_catalogue
from clearway.catalogue.rules import RULES
from clearway.catalogue.rules.draft import rule_id
from clearway.cli.exits import Exit
from clearway.cli.main import cli
from clearway.decision.answer import NoticeCode
from clearway.decision.explain import NOTICES, Language
from clearway.decision.terms import Lack
from clearway.gen.v1 import audit_reports_pb2 as reports_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1.audit_service_pb2 import DESCRIPTOR as AUDITS
from clearway.gen.v1.deferral_service_pb2 import DESCRIPTOR as DEFERRALS
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.central import check_log
from clearway.registry.cases.errors import Obstacle
from clearway.registry.feeds.adapters import FORMATS
from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.feeds.mapping import CodeColumn, Kinds, Mapping, NameWords, Value, Where, mapping_in
from clearway.registry.feeds.rows import RowReason
from clearway.registry.feeds.spec import FeedSpec, Limits
from clearway.registry.fetching.source import SourceFault
from clearway.registry.readings import FetchOutcome
from clearway.registry.schedule import FolderSource, ScheduledFeed, UrlSource, load_feeds
from clearway.registry.suspicion import Doubt
from clearway.server.errors import CODES
from clearway.server.metrics import FAMILIES, LEAD
from clearway.server.node_metrics import NODE_FAMILIES
from clearway.server.offers import NoOffer
from clearway.server.reports.definitions import DEFINITIONS, NAMES
from clearway.server.reports.pattern_definitions import definitions_of
from clearway.server.reports.thresholds import Thresholds
from clearway.server.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PLAIN = sorted([*PAGES, ROOT / "Dockerfile", ROOT / "Makefile", *ROOT.glob("requirements/*"), *ROOT.glob(".ci/*")])
BODIES = [
    body
    for file in PAGES
    for body in re.findall(r"-d '([^']*)'[^']*CheckService/CheckSubject", file.read_text("utf-8"))
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|work|Users|tmp|mnt|srv)/")
TARGETS = sorted(
    {name for file in PAGES for name in re.findall(r"(?:^|`)make ([a-z]+)", file.read_text("utf-8"), re.MULTILINE)}
)
INDEX_ADDRESS = re.compile(
    r"--(?:extra-)?index-url|--find-links|--trusted-host|https?://[^\s)]*(?:/simple\b|pypi)", re.IGNORECASE
)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def row(text: str, first: str) -> str:
    """The table row whose first cell begins with `first`."""
    found = [line for line in text.splitlines() if line.startswith((f"| {first} |", f"| {first},"))]
    assert len(found) == 1, f"{len(found)} rows for {first}"
    return found[0]


def commands(command: click.Command, path: tuple[str, ...] = ("clearway",)) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, (*path, name))


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_stands_in_the_operators_guide_with_its_default(name: str) -> None:
    line = row(page("operations.md"), f"`{name}`")
    default = Settings.model_fields[name].default
    assert f"`CLEARWAY_{name.upper()}`" in line
    assert ("*(empty)*" if default in ("", None) else f"`{default}`") in line


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_in_the_operators_guide_with_all_its_options(name: str) -> None:
    line = row(page("operations.md"), f"`{name}`")
    options = {p.opts[-1] for p in COMMANDS[name].params if isinstance(p, click.Option)}
    assert set(re.findall(r"`(--[\w-]+)`", line)) == options


def test_the_operators_guide_has_no_command_that_is_not_there() -> None:
    assert set(re.findall(r"^\| `(clearway [\w -]+)` \|", page("operations.md"), re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("code", list(Exit))
def test_an_exit_code_stands_in_the_operators_guide(code: Exit) -> None:
    assert f"`{code.name}`" in row(page("operations.md"), str(int(code)))


@pytest.mark.parametrize("name", [*COLUMNS, *FORMATS])
def test_the_operators_guide_names_what_lists_consist_of(name: str) -> None:
    assert f"`{name}`" in page("operations.md")


METRICS = [family.name for family in (*FAMILIES, *NODE_FAMILIES)] + [LEAD]


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_stands_in_the_operators_guide(name: str) -> None:
    assert row(page("operations.md"), f"`{name}`")


def test_the_operators_guide_has_no_metric_that_is_not_there() -> None:
    named = set(re.findall(r"^\| `(clearway_\w+)` \|", page("operations.md"), re.MULTILINE))
    assert named == set(METRICS)


@pytest.mark.parametrize("outcome", list(FetchOutcome))
def test_what_a_reading_comes_to_stands_in_the_operators_guide(outcome: FetchOutcome) -> None:
    assert row(page("operations.md"), f"`{outcome}`")


def test_the_feeds_file_that_is_shown_is_valid(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```yaml\n(feeds:.*?)^```", page("operations.md"), re.MULTILINE | re.DOTALL)
    (tmp_path / "feeds.yaml").write_text(shown)
    assert [feed.name for feed in load_feeds(tmp_path / "feeds.yaml")] == ["samr-serious", "csl"]


@pytest.mark.parametrize("model", [ScheduledFeed, FolderSource, UrlSource])
def test_the_operators_guide_names_every_field_of_a_feeds_file(model: type[BaseModel]) -> None:
    text = page("operations.md")
    assert [name for name in model.model_fields if not re.search(rf"[`\s{{]{name}[`:]", text)] == []


MAPPING_MODELS = (Mapping, Value, CodeColumn, Where, Kinds, NameWords, FeedSpec, Limits)
FIELDS_OF_MAPPINGS = {field for model in MAPPING_MODELS for field in model.model_fields}


@pytest.mark.parametrize("name", sorted({*RowReason, *Doubt, *SourceFault, *FORMATS, *FIELDS_OF_MAPPINGS}))
def test_the_guide_to_lists_names_every_format_field_and_reason(name: str) -> None:
    assert f"`{name}`" in page("feeds.md")


def test_the_mapping_file_that_is_shown_is_valid() -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", page("feeds.md"), re.MULTILINE | re.DOTALL)
    assert mapping_in("feeds.md", shown.encode()).states == "listing"


@pytest.mark.parametrize("code", list(NoticeCode))
def test_a_notice_stands_in_the_integrators_guide_with_its_details(code: NoticeCode) -> None:
    line = row(page("integrate.md"), f"`{code}`")
    details = {name for _, name, _, _ in string.Formatter().parse(NOTICES[code].en) if name} - {"regime"}
    assert all(f"`{detail}`" in line for detail in details)


@pytest.mark.parametrize("lack", list(Lack))
def test_the_integrators_guide_names_what_an_entry_may_lack(lack: Lack) -> None:
    assert f"`{lack}`" in row(page("integrate.md"), "`INFORMATION_ONLY`")


@pytest.mark.parametrize("message", [pb.CheckSubjectRequest, pb.CheckSubjectResponse])
def test_the_integrators_guide_names_every_field(message: type[pb.CheckSubjectRequest]) -> None:
    text = page("integrate.md")
    assert [field.name for field in message.DESCRIPTOR.fields if not re.search(rf"`{field.name}\b", text)] == []


@pytest.mark.parametrize("body", BODIES)
def test_a_request_that_is_shown_is_valid(body: str) -> None:
    protovalidate.validate(json_format.Parse(body, pb.CheckSubjectRequest()))


@pytest.mark.parametrize("service", [*pb.DESCRIPTOR.services_by_name.values(), *DEFERRALS.services_by_name.values()])
def test_the_integrators_guide_names_every_method(service: ServiceDescriptor) -> None:
    assert [method.name for method in service.methods if f"`{method.name}`" not in page("integrate.md")] == []


@pytest.mark.parametrize("method", [method.name for method in AUDITS.services_by_name["AuditService"].methods])
def test_the_auditors_guide_names_every_method(method: str) -> None:
    assert f"`AuditService.{method}`" in page("audit.md")


@pytest.mark.parametrize("figure", NAMES)
def test_the_auditors_guide_defines_every_figure(figure: reports_pb.Figure.ValueType) -> None:
    name, definition = NAMES[figure], DEFINITIONS[figure]
    assert f"| {name.en} ({name.zh}) | {definition.en} |" in page("audit.md")


@pytest.mark.parametrize("language", Language)
def test_the_auditors_guide_defines_every_pattern_with_its_usual_numbers(language: Language) -> None:
    due = timedelta(days=Settings.model_fields["outcome_due_days"].default)
    zone = load_catalogue("cn-demo").zone.key
    for one in definitions_of(Thresholds(), due, zone, language, ()):
        assert one.name in page("audit.md")
        if language is Language.EN:
            assert f"| {one.definition} |" in page("audit.md")


@pytest.mark.parametrize("because", [*NoOffer, *Obstacle])
def test_the_page_of_errors_names_every_obstacle(because: str) -> None:
    assert f"`{because}`" in page("errors.md")


def test_the_registrars_guide_names_every_method_and_every_status() -> None:
    text = page("registrars.md")
    methods = [method.name for method in registry_pb.DESCRIPTOR.services_by_name["RegistryService"].methods]
    statuses = [name.removeprefix("FACT_STATUS_") for name in registry_pb.FactStatus.keys()[1:]]
    assert [name for name in (*methods, *statuses) if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    "column", [column.name for column in check_log.columns if column.name not in ("seq", "record")]
)
def test_the_auditors_guide_names_what_a_row_holds(column: str) -> None:
    assert f"`{column}`" in page("audit.md")


@pytest.mark.parametrize("reason", [reason for reason in ErrorReason.values() if reason])
def test_an_error_stands_in_its_page_with_its_status(reason: ErrorReason.ValueType) -> None:
    name = ErrorReason.Name(reason).removeprefix("ERROR_REASON_")
    (section,) = re.findall(rf"^### `?{name}`?$(.*?)(?=^###? |\Z)", page("errors.md"), re.MULTILINE | re.DOTALL)
    assert CODES[reason].name in section


@pytest.mark.parametrize("rule", [*FILE_RULES, *map(rule_id, RULES)])
def test_a_rule_of_the_catalogue_stands_in_its_page(rule: str) -> None:
    assert f"`{rule}`" in page("catalogue.md")


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    broken = []
    for target in LINK.findall(without_code(file.read_text("utf-8"))):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path) if path else file
        if not found.exists() or (anchor and anchor not in anchors(found.read_text("utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("file", PLAIN, ids=lambda file: file.name)
def test_nothing_names_a_machine_or_an_index(file: Path) -> None:
    text = file.read_text("utf-8")
    assert MACHINE_PATH.findall(text) == []
    assert INDEX_ADDRESS.findall(text) == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_make_target_that_is_named_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_the_readme_names_every_package() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "clearway").glob("*/__init__.py")}
    text = (ROOT / "README.md").read_text("utf-8")
    assert {name for name in packages if f"  {name}/" not in text} == set()


def without_code(text: str) -> str:
    """The text without its code, where brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(text: str) -> set[str]:
    """What headings can be linked to by."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def every_test() -> set[str]:
    """The name of every test there is."""
    modules = (ast.parse(path.read_text()) for path in ROOT.glob("tests/**/test_*.py"))
    functions = (node for module in modules for node in ast.walk(module))
    return {
        node.name
        for node in functions
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def failure_rows() -> list[list[str]]:
    """The cells of the table of failures, row by row."""
    section = page("architecture.md").partition("## When things fail")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_failure_is_provoked_by_tests_that_are_there() -> None:
    rows, there = failure_rows(), every_test()
    assert len(rows) > 15
    for fault, seen, provoked_by in rows:
        named = re.findall(r"`(test_\w+)`", provoked_by)
        assert seen, fault
        assert named, f"nothing provokes: {fault}"
        assert set(named) <= there, fault
