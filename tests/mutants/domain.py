"""The domain crates under cargo-mutants, which makes its own mutants and runs each crate's own tests. Those that
they miss can be judged by worlds as well: each takes a build of its own."""

import json
import os
import shutil
import subprocess
import tomllib

import programs
from guards import ROOT
from judges import Bench

VERSION = "27.0.0"
TOOLS = ROOT / "target/tools/cargo"
OUTPUT = ROOT / "target/mutants/domain"
# Where what worlds said is kept: a run that is cut off goes on from there.
JUDGED = OUTPUT / "worlds.json"
# All caught; some missed; some timed out.
COMPLETE = (0, 2, 3)
# Whose worlds use a crate.
CONTEXTS = {"payments": ("booking", "shop")}


def cargo_mutants():
    tool = TOOLS / "bin/cargo-mutants"
    if not tool.exists():
        install = ["cargo", "install", "cargo-mutants", "--version", VERSION, "--locked", "--root", TOOLS]
        subprocess.run(install, cwd=ROOT, check=True)
    return tool


def crates():
    manifests = sorted(ROOT.glob("shared/*/domain/Cargo.toml"))
    return [tomllib.loads(manifest.read_text())["package"]["name"] for manifest in manifests]


def run():
    """Whether nothing was missed."""
    tool = cargo_mutants()
    subprocess.run(["cargo", "fetch", "--locked"], cwd=ROOT, check=True)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    command = [tool, "mutants", "--dir", ROOT, "--output", OUTPUT, "--no-shuffle", "--cap-lints=true"]
    for crate in crates():
        command += ["--package", crate]
    without = ("CARGO_TARGET_DIR", "CLIPPY_ARGS", "MUTANT", "RUSTC_WORKSPACE_WRAPPER")
    env = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(command, cwd=ROOT, env=env | {"CARGO_NET_OFFLINE": "true"}, check=False)
    if done.returncode not in COMPLETE:
        raise subprocess.CalledProcessError(done.returncode, command)
    found = outcomes()
    of = {summary: sum(one["summary"] == summary for one in found) for summary in {one["summary"] for one in found}}
    print(", ".join(f"{count} {summary}" for summary, count in sorted(of.items())))
    missed = [one for one in found if one["summary"] == "MissedMutant"]
    for mutant in missed:
        print(f"missed  {name_of(mutant)}")
    return not missed


def outcomes():
    found = json.loads((OUTPUT / "mutants.out/outcomes.json").read_text())["outcomes"]
    return [one for one in found if "Mutant" in one["scenario"]]


def name_of(mutant):
    return mutant["scenario"]["Mutant"]["name"]


def ask_worlds(only, worlds, seed):
    """Judges what the crates' own tests missed in the last run; whether worlds saw all of it."""
    missed = [one for one in outcomes() if one["summary"] == "MissedMutant"]
    missed = [one for one in missed if any(part in name_of(one) for part in only)]
    judged = json.loads(JUDGED.read_text()) if JUDGED.exists() else {}
    for nth, mutant in enumerate(missed, 1):
        name = name_of(mutant)
        if name not in judged:
            judged[name] = in_worlds(mutant, worlds, seed)
            JUDGED.write_text(json.dumps(judged, indent=1))
        print(f"[{nth} of {len(missed)}] {name}: {judged[name] or 'not seen'}", flush=True)
    return all(judged[name_of(mutant)] for mutant in missed)


def in_worlds(mutant, worlds, seed):
    """What worlds say of a mutant, in a copy of the tree that has it; "" if they do not see it."""
    programs.copy([])
    diff = OUTPUT / "mutants.out" / mutant["diff_path"]
    file = mutant["scenario"]["Mutant"]["file"]
    subprocess.run(["patch", "--quiet", "--no-backup-if-mismatch", file, diff], cwd=programs.TREE, check=True)
    bench = Bench(programs.build([], ["worlds:"]), worlds, seed)
    context = file.split("/")[1]
    for name in CONTEXTS.get(context, (context,)):
        verdict = bench.judge(f"worlds:{name}", limit=600)
        if verdict.seen:
            return f"{name}, {verdict.says}"
    return ""
