"""The house: imports point only downwards, and each outside world has one door.

``url`` uses libpq's parser of URLs, which connects to nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import setup_wizard

PACKAGE = Path(setup_wizard.__file__).parent
FLOORS = (
    {"errors", "secret"},
    {"project", "envfile", "target", "url", "mistakes", "i18n", "deadline", "resources", "logfile"},
    {"database", "machine", "practice"},
    {"scripts"},
    {"diagnosis", "fixes"},
    {"options", "engine", "flow", "report", "document", "exit_codes"},
    {"gui", "console"},
    {"__main__"},
)
MODULES = sorted(PACKAGE.rglob("*.py"))
DOORS = {
    "psycopg": {"database", "url"},
    "subprocess": {"machine", "practice"},
    "winreg": {"machine"},
    "psutil": {"machine", "practice"},
    "PySide6": {"gui", "__main__"},
    "postgast": {"scripts"},
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports for its work, imports inside functions included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        assert not [name for name in imports_of(path) if name.startswith("setup_wizard")]
        return
    floor = floor_of(room_of(path))
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "setup_wizard" and len(parts) > 1 and parts[1] != "__version__":
            assert floor_of(parts[1]) <= floor, f"{path.relative_to(PACKAGE)} imports {name}"


def test_rooms_of_one_floor_do_not_go_in_circles() -> None:
    edges: dict[str, set[str]] = {}
    for path in MODULES[1:]:
        room = room_of(path)
        targets = {
            name.split(".")[1] for name in imports_of(path) if name.startswith("setup_wizard.")
        }
        edges.setdefault(room, set()).update(targets - {room, "__version__"})

    def reachable(room: str) -> set[str]:
        seen: set[str] = set()
        waiting = [room]
        while waiting:
            for target in edges.get(waiting.pop(), set()) - seen:
                seen.add(target)
                waiting.append(target)
        return seen

    assert {room for room in edges if room in reachable(room)} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_outside_world_has_one_door(path: Path) -> None:
    for name in imports_of(path):
        rooms = DOORS.get(name.split(".")[0])
        assert rooms is None or room_of(path) in rooms, f"{path.relative_to(PACKAGE)}: {name}"


def test_every_room_stands_on_a_floor() -> None:
    rooms = {room_of(path) for path in MODULES} - {"__init__"}
    assert rooms == set().union(*FLOORS) & rooms
    assert rooms == set().union(*FLOORS)
