"""What is said about walls, and which of them are tried."""

import os
import sys
import types

import pytest

from course_lib.grading.workers import bubblewrap, launch
from course_lib.grading.workers.run import Workers
from course_lib.grading.workers.told import sentences
from course_lib.grading.workers.walls import ALL, Walls


def rules(abi):
    return types.SimpleNamespace(abi=abi)


def open_ends(walls):
    """The sentences that leave something open."""
    return [line for line in sentences(walls) if not line.endswith(("stand.", "stands.", ").")) or "missing" in line]


def test_where_all_stands_nothing_is_missing():
    assert open_ends(Walls(private=True, offline=True, nobody=True)) == []


def test_where_nothing_stands_each_wall_is_missing_with_its_reason():
    refused = {"namespaces": "Operation not permitted", "bubblewrap": "not installed", "landlock": "no such call"}
    told = sentences(Walls(missing=refused))
    assert sum("missing" in line or "in part" in line for line in told) == 6
    assert "own namespaces: Operation not permitted; bubblewrap: not installed; Landlock: no such call" in told[1]


@pytest.mark.parametrize(
    "walls, number, words",
    [
        (Walls(rules=rules(7), filtered=True), 1, "that other files exist, how large and how old"),
        (Walls(rules=rules(7)), 1, "rights and dates of the grader's files can be changed"),
        (Walls(inside=True, filtered=True), 1, "the grader's own source can be read"),
        (Walls(inside=True, missing={"namespaces": "Permission denied"}), 1, "own namespaces: Permission denied"),
        (Walls(rules=rules(7), filtered=True), 2, "all files together have none"),
        (Walls(filtered=True), 3, "it stands (filter of system calls)."),
        (Walls(rules=rules(4)), 3, "TCP is closed (Landlock), UDP and sockets in the file system are open"),
        (Walls(rules=rules(2)), 3, "missing"),
        (Walls(rules=rules(2), filtered=True), 4, "it stands (Landlock, filter of system calls)."),
        (Walls(rules=rules(2)), 4, "missing"),
        (Walls(filtered=True), 4, "the rest is missing"),
        (Walls(exempt=True), 0, "the number of processes: missing (root)"),
        (Walls(), 6, "missing; a process that left its session may stay"),
    ],
)
def test_what_a_wall_leaves_open_is_said(walls, number, words):
    assert words in sentences(walls)[number]


def test_what_is_asked_for_is_tried_and_no_more(namespaces, landlock, plain):
    assert "own namespaces" in namespaces.walls[1] and "Landlock" in landlock.walls[1]
    assert "not asked for" in plain.walls[1] and "missing" in plain.walls[3]


def test_bubblewrap_that_is_refused_is_named_and_the_rest_is_tried(monkeypatch, tmp_path):
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "program", lambda: str(refusing))
    with Workers(walls=("bubblewrap", "filter")) as workers:
        assert "bubblewrap: setting up uid map: Permission denied" in workers.walls[1]
        assert "filter of system calls" in workers.walls[3]


@pytest.mark.parametrize(
    "installed, stand, tried",
    [
        (True, {"namespaces"}, [("namespaces", False)]),
        (True, {"bubblewrap"}, [("namespaces", False), ("bubblewrap", True), ("namespaces", "closed")]),
        (True, set(), [("namespaces", False), ("bubblewrap", True)]),  # the first goes on with what it has
        (False, set(), [("namespaces", False)]),
    ],
)
def test_the_order_in_which_walls_are_tried(monkeypatch, installed, stand, tried):
    seen = []

    def start(hide, asked, missing, inside=False):
        first = "bubblewrap" if inside else asked[0]
        seen.append((first, inside))
        if inside and "bubblewrap" not in stand:
            raise OSError("refused")
        server = types.SimpleNamespace(in_view=first in stand, missing={"namespaces": "x"})
        server.close, server.channel, server.walls = lambda: seen.append((first, "closed")), first, []
        return server

    monkeypatch.setattr(launch, "_launch", start)
    monkeypatch.setattr(launch, "send", lambda *_: None)
    monkeypatch.setattr(launch, "receive", lambda *_: ({"walls": ["told anew"]}, []))
    monkeypatch.setattr(bubblewrap, "program", lambda: "bwrap" if installed else None)
    launch.launch((), ALL)
    assert seen == tried


def test_windows_is_told_what_to_do(monkeypatch):
    monkeypatch.delattr(os, "fork")
    with pytest.raises(RuntimeError, match="inside WSL"):
        launch.launch((), ())


def test_a_server_that_cannot_start_says_why(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="did not start"):
        Workers().__enter__()
