"""Judges: each says of a guard that is taken out whether it sees that, and by what."""

import os
import re
import subprocess
import time
from dataclasses import dataclass

from programs import TREE, program_of


@dataclass(frozen=True)
class Verdict:
    judge: str
    seen: bool
    says: str
    seconds: float


@dataclass(frozen=True)
class Bench:
    """The programs, and how many worlds to look at."""

    programs: dict
    worlds: int
    seed: int

    def judge(self, name, guard=None, limit=None):
        """Runs one judge, with this guard taken out; `limit` in seconds."""
        kind, _, what = name.partition(":")
        if kind == "worlds":
            command = [self.programs["simulation"], "--worlds", str(self.worlds)]
            command += ["--context", what, "--seed", str(self.seed), "--no-shrinking"]
            folder, read = TREE, violations
        elif kind == "faults":
            command = [self.programs["faults"], f"{what}::"]
            folder, read = TREE / "tests/faults", failures
        else:
            command = [self.programs[program_of(name)]]
            folder, read = TREE, failures
        env = {name: value for name, value in os.environ.items() if name != "MUTANT"}
        env |= {"MUTANT": guard.id} if guard else {}
        started = time.monotonic()
        try:
            done = subprocess.run(
                command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace", timeout=limit,
            )
        except subprocess.TimeoutExpired:
            return Verdict(name, True, "hangs", time.monotonic() - started)
        seconds = time.monotonic() - started
        if kind != "worlds" and "\nrunning 0 tests\n" in done.stdout:
            return Verdict(name, True, "it runs no test", seconds)
        if done.returncode == 0:
            return Verdict(name, False, "", seconds)
        return Verdict(name, True, read(done.stdout) or f"exit code {done.returncode}", seconds)


def violations(output):
    """In how many worlds something did not hold."""
    found = re.search(r"^violations: (\d+)$", output, re.MULTILINE)
    worlds = re.search(r"^(\d+) worlds, ", output, re.MULTILINE)
    return f"{found[1]} of {worlds[1]} worlds" if found and worlds else None


def failures(output):
    """The names of the tests that failed: two of them, and how many more."""
    failed = sorted(set(re.findall(r"^test (\S+).* \.\.\. FAILED$", output, re.MULTILINE)))
    more = f" +{len(failed) - 2}" if len(failed) > 2 else ""
    return ", ".join(f"`{name}`" for name in failed[:2]) + more

