"""Holds the locked dependencies against deny.toml without a network: licences, bans, sources, checksums.

    python3 tests/supply_chain.py [ADVISORY_DB]

ADVISORY_DB is a checkout of the RustSec advisory database; without it advisories are not looked at, and that is said.
Exits 1 and names each fault.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)["packages"]


def permitted(expression, allowed):
    """Whether an SPDX expression can be met with the allowed licences alone; `/` is the old way to write OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def one():
        if peek() == "(":
            take()
            met = either()
            take()
            return met
        name = take()
        if peek() == "WITH":
            take()
            name = f"{name} WITH {take()}"
        return name in allowed

    def both():
        met = one()
        while peek() == "AND":
            take()
            met = one() and met
        return met

    def either():
        met = both()
        while peek() == "OR":
            take()
            met = both() or met
        return met

    return either()


def licence_faults(packages, rules):
    allowed = set(rules["licenses"]["allow"])
    for package in packages:
        if package["source"] and not permitted(package["license"] or "", allowed):
            yield f"{package['name']} {package['version']}: licence {package['license']!r} is not in deny.toml"


def lock_faults(locked, rules):
    registries = {f"registry+{address}" for address in rules["sources"]["allow-registry"]}
    banned = {ban["name"]: ban for ban in rules["bans"]["deny"]}
    users = {}
    for package in locked:
        for dependency in package.get("dependencies", []):
            users.setdefault(dependency.split()[0], set()).add(package["name"])
    for package in locked:
        name, source = package["name"], package.get("source")
        if source and source not in registries:
            yield f"{name}: comes from {source}"
        if source and "checksum" not in package:
            yield f"{name}: has no checksum"
        ban = banned.get(name)
        if ban and not ("wrappers" in ban and users.get(name, set()) <= set(ban["wrappers"])):
            yield f"{name} is banned: {ban['reason']} (used by {', '.join(sorted(users.get(name, ['nobody'])))})"


def number(version):
    """A version as something that sorts; a pre-release comes before its release."""
    core, _, pre = version.partition("+")[0].partition("-")
    parts = [int(part) for part in core.split(".")]
    parts += [0] * (3 - len(parts))
    identifiers = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")] if pre else []
    return (parts, 0 if pre else 1, identifiers)


def meets(version, requirement):
    """Whether a version meets `>= 1.2, < 2`, `^0.4`, `~1.2` or `= 1.0.0`; a bare version means `^`."""
    for part in requirement.split(","):
        operator, bound = re.fullmatch(r"\s*(>=|<=|>|<|=|\^|~)?\s*(\S+)\s*", part).groups()
        have, want = number(version), number(bound)
        if operator in (None, "^", "~"):
            keep = 2 if operator == "~" else next((i for i, n in enumerate(want[0]) if n), 2) + 1
            met = have >= want and have[0][:keep] == want[0][:keep]
        else:
            met = {">=": have >= want, "<=": have <= want, ">": have > want, "<": have < want, "=": have == want}[operator]
        if not met:
            return False
    return True


def advisories_of(name, database):
    for path in sorted((database / "crates" / name).glob("RUSTSEC-*.md")):
        yield tomllib.loads(re.search(r"```toml\n(.*?)```", path.read_text(encoding="utf-8"), re.S).group(1))


def advisory_faults(locked, database):
    for package in locked:
        for entry in advisories_of(package["name"], database):
            advisory, versions = entry["advisory"], entry["versions"]
            safe = versions.get("patched", []) + versions.get("unaffected", [])
            if "withdrawn" not in advisory and not any(meets(package["version"], range_) for range_ in safe):
                what = advisory.get("informational", "vulnerability")
                yield f"{package['name']} {package['version']}: {advisory['id']} ({what})"


def main(database):
    rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    faults = [*licence_faults(metadata(), rules), *lock_faults(locked, rules)]
    looked = "advisories were NOT looked at: no checkout of the advisory database was given"
    if database:
        if not (database / "crates").is_dir():
            sys.exit(f"{database} is not a checkout of the RustSec advisory database")
        faults += advisory_faults(locked, database)
        looked = "advisories looked at"
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(locked)} locked packages: licences, bans, sources and checksums: {len(faults)} faults; {looked}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
