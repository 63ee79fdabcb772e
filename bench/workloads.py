# SPDX-License-Identifier: MIT
"""The workloads: real programs on generated input, programs of our own that do little but allocate, and a few single questions (others).
0.1 to 0.6 s each. For tools so slow that they would take minutes, each has a small input of about a fifth."""
import os
import shutil
import subprocess

from bench import inputs

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts")


class Workload:
    def __init__(self, name, kind, title, command, package=None, variables=None, small=None, client=None, small_client=None):
        self.name = name
        self.kind = kind            # "real", "malloc" or "other"
        self.title = title
        self.command = command
        self.package = package
        self.variables = variables or {}
        self.small = small          # the command with the small input; None: there is none, slow tools get the whole
        self.client = client        # the command is a server: this gives it work and ends it; it is not measured
        self.small_client = small_client
        self.allocations = None     # calls of malloc, calloc and realloc, once counted

    def for_tool(self, tool):
        """Command, client and whether these are the small ones."""
        if tool.small and (self.small or self.small_client):
            return self.small or self.command, self.small_client or self.client, True
        return self.command, self.client, False

    def missing(self):
        if self.name == "redis" and not shutil.which("redis-benchmark"):
            return "redis-benchmark not installed (package redis-tools)"
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

    def real(name, title, before, whole, small, package, variables=None):
        return Workload(name, "real", title, before + whole, package, variables, small=before + small)

    def own(name, title, whole, small, program=None, kind="malloc"):
        command = [os.path.join(programs, program or name)]
        return Workload(name, kind, title, command + whole, small=command + small if small else None)

    cc1 = [cc1_path(), "-fpreprocessed", "-quiet", "-w", "-O2", "-o", "-"]
    socket = data("redis.socket")
    return [
        real("python3", "JSON round trip, PYTHONMALLOC=malloc", ["/usr/bin/python3", "-s", script("json_round_trip.py")], ["6000"],
             ["1200"], "python3", {"PYTHONMALLOC": "malloc"}),
        real("cc1", "gcc -O2 of generated C", cc1, [data("unit.i")], [data("unit-small.i")], "gcc"),
        real("sqlite3", "20 000 rows, joins and updates", ["sqlite3", "-batch", "-init", "/dev/null", ":memory:"],
             [".read " + data("script.sql")], [".read " + data("script-small.sql")], "sqlite3"),
        real("perl", "hashes, lists, strings", ["perl", script("words.pl")], ["60000"], ["12000"], "perl-base",
             {"MALLOC_DEBUG_SUPPRESSIONS": script("perl_leaks.txt")}),
        real("bash", "arrays and strings in loops", ["bash", "--norc", script("arrays.bash")], ["30000"], ["6000"], "bash"),
        real("lua", "tables, closures, garbage collection", ["lua5.4", script("tables.lua")], ["40000"], ["8000"], "lua5.4"),
        real("git", "log -p of 1600 commits", ["git", "-C", data("repository.git"), "--no-pager", "log", "-p"], [], ["-n", "320"], "git"),
        # Debian's server brings jemalloc with it: the C library's malloc, put in front, is what plain means here too.
        Workload("redis", "real", "redis-server under redis-benchmark, the server's cost",
                 ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder, "--logfile", "/dev/null"],
                 "redis-server", {"LD_PRELOAD": "libc.so.6"}, client=["sh", script("redis_client.sh"), socket, "12000"],
                 small_client=["sh", script("redis_client.sh"), socket, "2400"]),
        own("pairs", "malloc and free at once, two sizes: the extreme, nothing but calls", ["10000000"], ["2500000"]),
        own("lifetimes", "random sizes and lifetimes, each block written and read", ["4000000", "1"], ["800000", "1"]),
        own("lifetimes-2", "the same in each of two threads", ["4000000", "2"], ["800000", "2"], program="lifetimes"),
        own("live", "1.2 million live blocks, each written and read", ["1200000"], ["200000"]),
        own("handoff", "one thread allocates and writes, another reads and frees", ["2000000"], ["300000"]),
        own("grow", "growing buffers by realloc, filled and read", ["160000"], ["15000"]),
        own("depth", "deep recursion, many distinct stacks, each block written and read", ["200000"], ["20000"]),
        own("tree", "C++ map of strings, with exceptions", ["8"], ["2"]),
        own("bignum", "arithmetic on numbers of many digits, each an allocated one", ["60000"], ["12000"]),
        own("threads", "20 000 threads created and joined, each allocates a little", ["20000"], None, kind="other"),
        own("leave", "1 million live blocks, then exit", ["1000000", "exit"], None, kind="other"),
        own("leave-now", "1 million live blocks, then _exit", ["1000000", "_exit"], None, program="leave", kind="other"),
    ]


def make_inputs(folder):
    inputs.write_sql(os.path.join(folder, "script.sql"))
    inputs.write_sql(os.path.join(folder, "script-small.sql"), people=800)
    inputs.write_c(os.path.join(folder, "unit.i"))
    inputs.write_c(os.path.join(folder, "unit-small.i"), copies=6)
    if shutil.which("git"):
        inputs.make_git(os.path.join(folder, "repository.git"))
