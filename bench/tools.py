# SPDX-License-Identifier: MIT
"""The tools that are compared. Each is a preload or a command in front of the program, with the settings its users would take."""
import os
import shutil
import subprocess

LIBRARY_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/lib/heaptrack")
SMALL = "plain-small"  # what tools with small inputs are compared with


class Tool:
    def __init__(self, name, title, library=None, command=None, variables=None, package=None, runs_max=None, seconds=None,
                 ours=False, small=False, costs=None):
        self.name = name            # for --tools, tables and JSON
        self.title = title          # one line: what it is and how it is set
        self.library = library      # preloaded; a path, or names looked up in LIBRARY_FOLDERS, the first that is there
        self.command = command      # stands in front of the program
        self.variables = variables or {}
        self.package = package      # what has it on Debian
        self.runs_max = runs_max    # slow tools: fewer runs
        self.seconds = seconds      # a limit of its own for one run
        self.ours = ours
        self.small = small          # so slow that it gets the small inputs, and is compared with plain on these
        self.costs = costs          # what is off in comparison with default: the difference is the cost of that
        self.missing = None         # why it is left out, if it is

    def find(self, measure_one):
        """Locates the tool and proves that it takes effect: a preload that the loader refuses would be measured as plain."""
        if self.command and not shutil.which(self.command[0]):
            self.missing = f"not installed (package {self.package})"
        if self.library:
            names = [self.library] if isinstance(self.library, str) else self.library
            paths = [os.path.join(folder, name) for name in names for folder in LIBRARY_FOLDERS]
            path = next((path for path in paths if os.path.exists(path)), None)
            if not path:
                self.missing = f"{names[0]} not built" if self.ours else f"not installed (package {self.package})"
                return
            self.library = os.path.realpath(path)
            maps = measure_one(self, ["cat", "/proc/self/maps"], 60).output
            if os.path.basename(self.library).encode() not in maps:
                self.missing = f"{self.library} does not load here"

    def environment(self, preload=None):
        """preload: what the program has preloaded without the tool."""
        if not self.library:
            return dict(self.variables)
        return dict(self.variables, LD_PRELOAD=f"{self.library}:{preload}" if preload else self.library)


def all_tools(library):
    """In the order of the tables. The first is what all others are compared with."""
    library = os.path.abspath(library)
    asan = "detect_leaks=0"  # no other tool looks for leaks here

    def ours(name, title, costs=None, runs_max=None, **options):
        variables = {f"MALLOC_DEBUG_{option}": value for option, value in options.items()}
        return Tool(name, f"malloc-debug, {title}", library=library, variables=variables, ours=True, costs=costs, runs_max=runs_max)

    def without(name, costs, **options):
        settings = ":".join(f"{option.lower()}={value}" for option, value in options.items())
        return ours(name, f"defaults without {costs} ({settings})", costs, 3, **options)

    return [
        Tool("plain", "glibc's own malloc"),
        Tool(SMALL, "the same on the small inputs of the slow tools", runs_max=3, small=True),
        ours("light", "preset light", PRESET="light"),
        ours("default", "defaults"),
        ours("full", "preset full", PRESET="full"),
        without("no-stacks", "stacks", BACKTRACE="0", LEAKS="off"),  # known leaks are known by their stacks
        without("no-quarantine", "quarantine", QUARANTINE="0"),
        without("no-history", "history", HISTORY="0"),
        without("no-guards", "guard pages", GUARD="off"),
        without("no-calls", "looking at calls of the C library", CALLS="off"),
        without("no-watch", "watchpoints", WATCH="off"),
        without("no-leaks", "leak check at exit", LEAKS="off"),
        without("no-accesses", "guard pages, watchpoints and looking at calls", GUARD="off", WATCH="off", CALLS="off"),
        Tool("check3", "glibc's MALLOC_CHECK_=3 (libc_malloc_debug)", library="libc_malloc_debug.so.0",
             variables={"MALLOC_CHECK_": "3", "GLIBC_TUNABLES": "glibc.malloc.check=3"}, package="libc6"),
        Tool("asan", "libasan preloaded, defaults (stacks by frame pointers: about 2 frames)", library="libasan.so.8",
             variables={"ASAN_OPTIONS": asan}, package="libasan8", runs_max=3),
        Tool("asan-full", "libasan preloaded, whole stacks (fast_unwind_on_malloc=0)", library="libasan.so.8",
             variables={"ASAN_OPTIONS": asan + ":fast_unwind_on_malloc=0"}, package="libasan8", runs_max=1, seconds=20, small=True),
        Tool("valgrind", "Valgrind memcheck, defaults, no leak search", command=["valgrind", "-q", "--leak-check=no", "--"],
             package="valgrind", runs_max=1, seconds=20, small=True),
        Tool("heaptrack", "heaptrack's recording half, into /dev/null (its interpreter process is not counted)",
             library="libheaptrack_preload.so", variables={"DUMP_HEAPTRACK_OUTPUT": "/dev/null"}, package="heaptrack", runs_max=2),
        Tool("jemalloc", "jemalloc: another allocator, no checks", library="libjemalloc.so.2", package="libjemalloc2", runs_max=3),
        Tool("jemalloc-junk", "jemalloc with MALLOC_CONF=junk:true: new and freed blocks are filled", library="libjemalloc.so.2",
             variables={"MALLOC_CONF": "junk:true"}, package="libjemalloc2", runs_max=3),
        Tool("tc-debug", "gperftools' tcmalloc_debug", library=("libtcmalloc_debug.so.4", "libtcmalloc_minimal_debug.so.4"),
             package="libgoogle-perftools4 or libtcmalloc-minimal4", runs_max=1, seconds=20, small=True),
        # Its default never uses a freed page again, and each is a mapping of its own: of those the system allows 65 530.
        Tool("duma", "DUMA, a page for each block (DUMA_PROTECT_FREE=0: freed ones are used again)", library="libduma.so.0",
             package="duma", runs_max=1, seconds=10, small=True,
             variables={"DUMA_ALLOW_MALLOC_0": "1", "DUMA_ALIGNMENT": "16", "DUMA_DISABLE_BANNER": "1", "DUMA_PROTECT_FREE": "0"}),
        Tool("efence", "Electric Fence, a page for each block", library="libefence.so.0", package="electric-fence", runs_max=1, seconds=10,
             small=True, variables={"EF_ALLOW_MALLOC_0": "1", "EF_ALIGNMENT": "16", "EF_DISABLE_BANNER": "1"}),
    ]


def quick_names():
    return ["plain", "default", "check3"]


def versions():
    """What was compared, for the record."""
    def first_line(*command):
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.splitlines()[0]
        except (OSError, IndexError, subprocess.TimeoutExpired):
            return "not found"
    return {"glibc": first_line("ldd", "--version"), "gcc": first_line("gcc", "--version"), "valgrind": first_line("valgrind", "--version"),
            "kernel": os.uname().release}
