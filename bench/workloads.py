# SPDX-License-Identifier: MIT
"""The workloads: real programs on generated input, and programs of our own that do little but allocate. 0.1 to 0.6 s each."""
import os
import shutil
import subprocess

from bench import inputs

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts")


class Workload:
    def __init__(self, name, kind, title, command, package=None, variables=None):
        self.name = name
        self.kind = kind            # "real" or "malloc"
        self.title = title
        self.command = command
        self.package = package
        self.variables = variables or {}
        self.allocations = None     # calls of malloc, calloc and realloc, once counted

    def missing(self):
        if shutil.which(self.command[0]):
            return None
        return f"{os.path.basename(self.command[0])} not installed (package {self.package})"


def cc1_path():
    """The compiler proper: gcc itself is only its driver."""
    try:
        return subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "cc1"


def all_workloads(programs, folder):
    """programs: folder of our own, built; folder: where inputs are (see make_inputs)."""
    def script(name):
        return os.path.join(SCRIPTS, name)

    def data(name):
        return os.path.join(folder, name)

    def own(name, title, *args, program=None):
        return Workload(name, "malloc", title, [os.path.join(programs, program or name), *args])

    return [
        Workload("python3", "real", "JSON round trip, PYTHONMALLOC=malloc", ["/usr/bin/python3", "-s", script("json_round_trip.py")],
                 "python3", {"PYTHONMALLOC": "malloc"}),
        Workload("cc1", "real", "gcc -O2 of generated C", [cc1_path(), "-fpreprocessed", "-quiet", "-w", "-O2", data("unit.i"), "-o", "-"],
                 "gcc"),
        Workload("sqlite3", "real", "20 000 rows, joins and updates",
                 ["sqlite3", "-batch", "-init", "/dev/null", ":memory:", ".read " + data("script.sql")], "sqlite3"),
        Workload("perl", "real", "hashes, lists, strings", ["perl", script("words.pl")], "perl-base"),
        Workload("bash", "real", "arrays and strings in loops", ["bash", "--norc", script("arrays.bash")], "bash"),
        Workload("lua", "real", "tables, closures, garbage collection", ["lua5.4", script("tables.lua")], "lua5.4"),
        Workload("git", "real", "log -p of 1600 commits", ["git", "-C", data("repository.git"), "--no-pager", "log", "-p"], "git"),
        own("pairs", "malloc and free at once, two sizes"),
        own("lifetimes", "random sizes and lifetimes", "6000000", "1"),
        own("lifetimes-2", "the same in each of two threads", "6000000", "2", program="lifetimes"),
        own("live", "1.2 million live blocks"),
        own("handoff", "one thread allocates, another frees"),
        own("grow", "growing buffers by realloc"),
        own("depth", "deep recursion, many distinct stacks"),
        own("tree", "C++ map of strings, with exceptions"),
    ]


def make_inputs(folder):
    inputs.write_sql(os.path.join(folder, "script.sql"))
    inputs.write_c(os.path.join(folder, "unit.i"))
    if shutil.which("git"):
        inputs.make_git(os.path.join(folder, "repository.git"))
