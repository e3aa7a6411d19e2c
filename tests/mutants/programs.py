"""A copy of the tree with all guards in it, and the programs that judge, built from it once."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from guards import ROOT, by_file, substituted

HOME = ROOT / "target/mutants"
TREE = HOME / "tree"
# The simulation is built to be fast, as `make simulate WORLDS=1000` builds it; the tests of faults as
# `make test` builds them, the whole workspace, for its features.
PROGRAMS = {
    "simulation": ["build", "-p", "simulation", "--profile", "bench"],
    "faults": ["build", "--workspace", "--test", "faults"],
}
# Cargo names what it builds of a workspace by the paths in it, wherever it lies: in the same folder, the
# copy's crates and ours would be taken for one another. The copy's version keeps them apart.
VERSION = re.compile(rb'(?m)^version = "([^"]+)"$')

class BuildError(Exception):
    """The copy does not compile."""


def tracked():
    """Every file of the working tree that git knows or would add."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({name for name in names.split("\0") if name and os.path.lexists(ROOT / name)})


def write(path, source, content):
    """Leaves a file alone that is the same: cargo goes by when it was changed."""
    if source.is_symlink():
        path.unlink(missing_ok=True)
        path.symlink_to(os.readlink(source))
        return
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    shutil.copymode(source, path)


def copy(guards):
    names, files = tracked(), by_file(guards)
    for name in names:
        source = ROOT / name
        content = b"" if source.is_symlink() else source.read_bytes()
        if name in files:
            content = substituted(content.decode(), files[name]).encode()
        if name == "Cargo.toml":
            content = VERSION.sub(rb'version = "\1-mutants"', content, count=1)
        write(TREE / name, source, content)
    wanted = set(names)
    for path in [path for path in TREE.rglob("*") if path.is_symlink() or path.is_file()]:
        if str(path.relative_to(TREE)) not in wanted:
            path.unlink()


def program_of(judge):
    """The name of the program that this judge is, or is a part of."""
    kind, _, name = judge.partition(":")
    return {"worlds": "simulation", "faults": "faults"}.get(kind, name.replace("-", "_"))


def build(guards, judges):
    """The paths of the programs that these judges need, by name."""
    needed = {program_of(judge) for judge in judges}
    return {name: kept(name, built(name, guards)) for name in sorted(needed)}


def built(name, guards):
    unit_tests = ["test", "-p", name.replace("_", "-"), "--all-features", "--lib", "--no-run"]
    arguments = PROGRAMS.get(name, unit_tests)
    command = ["cargo", *arguments, "--message-format", "json"]
    without = ("CLIPPY_ARGS", "MUTANT", "RUSTC_WORKSPACE_WRAPPER")
    env = {name: value for name, value in os.environ.items() if name not in without}
    env |= {"CARGO_INCREMENTAL": "0", "CARGO_TARGET_DIR": str(ROOT / "target")}
    path, errors = None, []
    with subprocess.Popen(command, cwd=TREE, env=env, stdout=subprocess.PIPE, text=True) as cargo:
        for line in cargo.stdout:
            message = json.loads(line) if line.startswith("{") else {}
            if message.get("reason") == "compiler-artifact" and message["executable"]:
                path = Path(message["executable"]) if message["target"]["name"] == name else path
            elif message.get("reason") == "compiler-message" and message["message"]["level"] == "error":
                errors.append(message["message"])
    if cargo.returncode != 0:
        raise BuildError("\n".join([*(told(error, guards) for error in errors), "the copy does not compile"]))
    return path


def kept(name, built):
    """Out of the way of whoever builds something else meanwhile."""
    path = HOME / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    shutil.copy2(built, path)
    return path


def told(error, guards):
    """A compiler's error, and which guards it may be of."""
    files = {span["file_name"] for span in error["spans"]}
    there = [guard.id for guard in guards if guard.file in files]
    named = [guard for guard in there if f'"{guard}"' in error["rendered"]]
    of = f"guards: {', '.join(named or there)}\n" if there else ""
    return error["rendered"] + of
