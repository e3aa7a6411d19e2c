"""The list of guards: read, checked, and written into the product's source."""

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("guards.toml")
# Those that no judge has seen yet.
UNSEEN = Path(__file__).with_name("unseen.toml")
CONTEXTS = ("booking", "members", "ordering", "shop", "waiting-room")
PLACEHOLDER = re.compile(r"\bMUTANT\b")
ID = re.compile(r"[a-z]+(-[a-z]+)+")


@dataclass(frozen=True)
class Guard:
    id: str
    file: str
    removes: str
    find: str
    replace: str
    judges: list[str]

    def written(self):
        """The new text: both versions, and the environment chooses."""
        taken_out = f'(std::env::var("MUTANT").is_ok_and(|m| m == "{self.id}"))'
        return PLACEHOLDER.sub(lambda _: taken_out, self.replace)

    def asking(self, kind):
        """With the judges of this kind alone; with "" all."""
        return replace(self, judges=[judge for judge in self.judges if judge.startswith(kind)])


class ListError(Exception):
    """The list is not one of guards."""


def read(path=LIST):
    with path.open("rb") as file:
        try:
            entries = tomllib.load(file)["guard"]
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise ListError(f"{path.name}: {error}") from error
    guards, wanted = [], set(Guard.__dataclass_fields__)
    for number, entry in enumerate(entries, 1):
        if set(entry) != wanted:
            differs = ", ".join(sorted(wanted ^ set(entry)))
            raise ListError(f"guard {number}, {entry.get('id', 'no id')}: missing or unknown: {differs}")
        guards.append(Guard(**entry))
    return guards


def by_file(guards):
    files = defaultdict(list)
    for guard in guards:
        files[guard.file].append(guard)
    return files


def spans(text, guards):
    """Where each guard stands, the first one first."""
    found = ((text.index(guard.find), guard) for guard in guards)
    return sorted(((at, at + len(guard.find), guard) for at, guard in found), key=lambda s: s[0])


def substituted(text, guards):
    """The text with all of these guards written so that each can be taken out."""
    for start, end, guard in reversed(spans(text, guards)):
        text = text[:start] + guard.written() + text[end:]
    return text


def is_known(judge):
    kind, _, name = judge.partition(":")
    if kind == "worlds":
        return name in CONTEXTS
    if kind == "unit":
        manifests = (tomllib.loads(path.read_text()) for path in ROOT.glob("shared/**/Cargo.toml"))
        return any(manifest["package"]["name"] == name for manifest in manifests)
    if kind != "faults" or not re.fullmatch(r"[a-z_]+(::[a-z_]+)?", name):
        return False
    module = ROOT / "tests/faults" / name.replace("::", "/")
    return module.with_suffix(".rs").is_file() or (module / "mod.rs").is_file()


def problems_of(guard, text):
    """What is wrong with a guard by itself; `text` is its file's, or `None`."""
    if not ID.fullmatch(guard.id):
        yield "its id is not of the form context-what"
    if not guard.removes.strip():
        yield "it does not say what it removes"
    if not PLACEHOLDER.search(guard.replace):
        yield "`replace` does not contain MUTANT, so nothing takes it out"
    if not guard.judges:
        yield "it has no judge"
    for judge in guard.judges:
        if not is_known(judge):
            yield f"there is no judge {judge}"
    if not guard.file.startswith(("functions/", "shared/")):
        yield f"{guard.file} is not the product's source"
    if text is None:
        yield f"there is no file {guard.file}"
        return
    count = text.count(guard.find)
    if count != 1:
        yield f"`find` is {count} times in {guard.file}, and must be there once"
    elif 0 <= text.find("#[cfg(test)]") < text.index(guard.find):
        yield f"it stands among the tests of {guard.file}"


def problems(guards):
    """What is wrong with the list, a line for each."""
    seen = set()
    for guard in guards:
        if guard.id in seen:
            yield f"{guard.id}: another guard has this id"
        seen.add(guard.id)
    for file, there in by_file(guards).items():
        path = ROOT / file
        text = path.read_text() if path.is_file() else None
        fit = []
        for guard in there:
            wrong = list(problems_of(guard, text))
            yield from (f"{guard.id}: {problem}" for problem in wrong)
            if text is not None and text.count(guard.find) == 1:
                fit.append(guard)
        placed = spans(text, fit) if fit else []
        for (_, end, first), (start, _, second) in zip(placed, placed[1:]):
            if start < end:
                yield f"{second.id}: its text overlaps that of {first.id}"
