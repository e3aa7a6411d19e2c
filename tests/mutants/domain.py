"""The domain crates under cargo-mutants, which makes its own mutants and runs each crate's own tests."""

import os
import subprocess
import tomllib

from guards import ROOT

VERSION = "27.0.0"
TOOLS = ROOT / "target/tools/cargo"
OUTPUT = ROOT / "target/mutants/domain"
# All caught; some missed; some timed out.
COMPLETE = (0, 2, 3)


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
    OUTPUT.mkdir(parents=True, exist_ok=True)
    command = [tool, "mutants", "--dir", ROOT, "--output", OUTPUT, "--no-shuffle", "--cap-lints=true"]
    for crate in crates():
        command += ["--package", crate]
    without = ("CARGO_TARGET_DIR", "CLIPPY_ARGS", "MUTANT", "RUSTC_WORKSPACE_WRAPPER")
    env = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(command, cwd=ROOT, env=env | {"CARGO_NET_OFFLINE": "true"}, check=False)
    if done.returncode not in COMPLETE:
        raise subprocess.CalledProcessError(done.returncode, command)
    outcomes = {}
    for outcome in ("caught", "missed", "timeout", "unviable"):
        file = OUTPUT / "mutants.out" / f"{outcome}.txt"
        outcomes[outcome] = file.read_text().splitlines() if file.exists() else []
    print(", ".join(f"{len(mutants)} {outcome}" for outcome, mutants in outcomes.items()))
    for mutant in outcomes["missed"]:
        print(f"missed  {mutant}")
    return not outcomes["missed"]
