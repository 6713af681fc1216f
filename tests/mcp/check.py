"""Other people's checkers against Deskbell's own MCP servers, and the MCP conformance suite against its host.

`check.py [--whole] [python|inspector|servers|host]...`: all of them when none is named; `--whole` runs every scenario of the suite, those too that
no revision of the protocol demands.

  python     the official Python client lists, reads, and writes twice with one key, over HTTP and standard input and output
  inspector  the MCP inspector's strict reading of every tool's schema finds no error
  servers    the conformance suite against every server, in both eras of the protocol
  host       the conformance suite against the host as a client, in both eras

`tests/run mcp` sets what it needs: DESKBELL (the program), DESKBELL_SANDBOX (the sandbox's example), DESKBELL_HOST_CLIENT (the command that
connects the host to an address), DESKBELL_NODE_BIN (where npm put the checkers), DESKBELL_CHECKED (a folder for what they say).
"""

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from fnmatch import fnmatchcase
from pathlib import Path

from bearer import open_door
from servers import SERVERS

HERE = Path(__file__).parent
ERAS = ["2025-11-25", "2026-07-28"]
# Time for a server to listen, and for one run of a checker.
START_SECONDS = 60
RUN_SECONDS = 300

DESKBELL = os.environ["DESKBELL"]
NODE_BIN = Path(os.environ["DESKBELL_NODE_BIN"])
OUT = Path(os.environ["DESKBELL_CHECKED"])


class Faults:
    """What was found, told at the end."""

    def __init__(self):
        self.lines = []

    def add(self, line):
        self.lines.append(line)
        print(f"  FAULT {line}", flush=True)


class Expected:
    """Failures that are known, each with its reason."""

    LINE = re.compile(r"^(?P<who>server|client) (?P<scenario>\S+?):(?P<check>\S+)\s+# (?P<reason>\S.*)$")

    def __init__(self, path):
        self.lines, self.used = [], set()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line and not line.startswith("#"):
                found = self.LINE.match(line)
                if not found:
                    sys.exit(f"{path}:{number}: write `server|client scenario:check # reason`")
                self.lines.append(found)

    def knows(self, who, scenario, check):
        """Whether the failure is known."""
        for line in self.lines:
            if line["who"] == who and fnmatchcase(scenario, line["scenario"]) and fnmatchcase(check, line["check"]):
                self.used.add(line)
                return True
        return False

    def stale(self, who, whole):
        """Lines that no failure needed. Some are about scenarios that only the whole suite runs."""
        run = [line for line in self.lines if whole or not line["reason"].startswith("--whole: ")]
        return [line[0] for line in run if line["who"] == who and line not in self.used]


def free_port():
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port, process, name):
    """Waits until a process listens."""
    for _ in range(START_SECONDS * 20):
        if process.poll() is not None:
            sys.exit(f"{name} ended by itself, see {OUT}/{name}.log")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{name} did not listen within {START_SECONDS} s")


def ready(port, name):
    """Waits until `deskbell serve` says that it is ready."""
    for _ in range(START_SECONDS * 20):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{name} was not ready within {START_SECONDS} s, see {OUT}/{name}.log")


def started(name, command, port, env):
    """A process of ours that listens."""
    with (OUT / f"{name}.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | env)
    listens(port, process, name)
    return process


class Running:
    """A server of ours in front of the sandbox: its process, and where a client that has no token reaches it."""

    def __init__(self, server, base):
        port, folder = free_port(), OUT / "servers" / server.name
        shutil.rmtree(folder, ignore_errors=True)
        filled = {"base": base, "folder": folder, "port": port}
        for name, text in server.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(**filled))
        self.env = {name: value.format(**filled) for name, value in server.env.items()}
        config = ["--config", str(folder / "deskbell.toml")] if "deskbell.toml" in server.files else []
        self.arguments = [*config, "mcp", "serve", server.name]
        served = [*config, server.served_by] if server.served_by else [*self.arguments, "--http", f"127.0.0.1:{port}"]
        self.process = started(server.name, [DESKBELL, *served], port, self.env)
        if server.served_by:
            ready(port, server.name)
        door = open_door(port, server.token) if server.token else port
        self.url = f"http://127.0.0.1:{door}/mcp"


def at(result, path):
    """What stands in a result at a path with dots."""
    for name in path.split("."):
        result = result[name]
    return result


# ---- the official Python client ------------------------------------------------------------------------------------------


async def drive(server, target, key, faults):
    """Lists, reads, and writes twice with one key."""
    from mcp import Client

    async with Client(target, mode="auto", read_timeout_seconds=30) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        for tool in tools.values():
            if not (tool.description and tool.output_schema and tool.annotations):
                faults.add(f"{server.name}: {tool.name} lacks a description, an output schema or annotations")
        name, arguments = server.reads
        read = await client.call_tool(name, arguments)
        if read.is_error or not isinstance(read.structured_content, dict):
            faults.add(f"{server.name}: {name} reads nothing: {read.content}")
        if not tools[name].annotations.read_only_hint:
            faults.add(f"{server.name}: {name} reads and does not say so")
        name, arguments = server.writes
        arguments = {argument: value.replace("{key}", key) if isinstance(value, str) else value for argument, value in arguments.items()}
        results = [await client.call_tool(name, arguments | {"idempotency_key": key}) for _ in range(2)]
        if any(result.is_error for result in results):
            faults.add(f"{server.name}: {name}: {[result.content for result in results]}")
            return
        once, twice = (result.structured_content for result in results)
        if (once[server.made], twice[server.made]) != (True, False) or at(once, server.key) != at(twice, server.key):
            faults.add(f"{server.name}: {name} twice with one key: {once}, then {twice}")
        bad = await client.call_tool(name, {"no_such_argument": 1})
        if not bad.is_error:
            faults.add(f"{server.name}: {name} takes an argument that it does not have")
        print(f"  {server.name}: {len(tools)} tools, {client.protocol_version}, {server.reads[0]}, {name} twice: {at(once, server.key)}")


def check_python(running, faults):
    """Both transports of every server."""
    from mcp import StdioServerParameters

    for server in SERVERS:
        own = running[server.name]
        asyncio.run(drive(server, own.url, "check/http", faults))
        child = StdioServerParameters(command=DESKBELL, args=own.arguments, env=own.env | {"RUST_LOG": "error"})
        asyncio.run(drive(server, child, "check/stdio", faults))


# ---- the inspector -------------------------------------------------------------------------------------------------------


def check_inspector(running, faults):
    """No error in any schema. What it warns of is legal: `type: ["string", "null"]`."""
    for server in SERVERS:
        command = [NODE_BIN / "mcp-inspector", "--cli", running[server.name].url, "--transport", "http", "--method", "tools/list", "--strict"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
        (OUT / f"inspector-{server.name}.txt").write_text(said.stderr)
        errors = [line for line in said.stderr.splitlines() if line.startswith("Error")]
        if said.returncode or errors:
            faults.add(f"{server.name}: the inspector ended with {said.returncode}: {errors or said.stderr[-500:]}")
        count = len(json.loads(said.stdout)["tools"]) if said.stdout.startswith("{") else 0
        print(f"  {server.name}: {count} tools, {len(errors)} errors, {said.stderr.count('Warning:')} warnings")


# ---- the conformance suite -----------------------------------------------------------------------------------------------


def conformance(who, name, arguments, expected, faults):
    """Runs the suite, and holds what fails against what is known."""
    out = OUT / "conformance" / name
    shutil.rmtree(out, ignore_errors=True)
    command = [NODE_BIN / "conformance", who, *arguments, "-o", out]
    said = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    (OUT / f"conformance-{name}.txt").write_text(said.stdout + said.stderr)
    passed = failed = 0
    for path in sorted(out.rglob("checks.json")):
        # The folder is named after the scenario and the time.
        scenario = re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", str(path.parent.relative_to(out)))
        scenario = scenario.removeprefix("server-") if who == "server" else scenario
        for check in json.loads(path.read_text()):
            passed += check["status"] == "SUCCESS"
            if check["status"] == "FAILURE":
                failed += 1
                if not expected.knows(who, scenario, check["id"]):
                    faults.add(f"{name}: {scenario}:{check['id']}: {check.get('errorMessage') or check['description']}")
    if not passed:
        faults.add(f"{name}: nothing passed: {(said.stdout + said.stderr)[-1000:]}")
    print(f"  {name}: {passed} checks pass, {failed} fail as expected or said above")


def selections(whole):
    """What the suite is to run: a name, and its arguments."""
    every = [("all", ["--suite", "all"])] if whole else []
    return [(era, ["--requirements", era]) for era in ERAS] + every


def check_servers(running, whole, expected, faults):
    """Every server, in both eras."""
    for server in SERVERS:
        for selection, arguments in selections(whole):
            arguments = ["--url", running[server.name].url, *arguments]
            conformance("server", f"{server.name}-{selection}", arguments, expected, faults)


def check_host(whole, expected, faults):
    """The host as a client, in both eras."""
    for selection, arguments in selections(whole):
        arguments = ["--command", os.environ["DESKBELL_HOST_CLIENT"], *arguments]
        conformance("client", f"host-{selection}", arguments, expected, faults)


# ---- all of it -----------------------------------------------------------------------------------------------------------


def main():
    whole = "--whole" in sys.argv
    parts = [part for part in sys.argv[1:] if part != "--whole"] or ["python", "inspector", "servers", "host"]
    OUT.mkdir(parents=True, exist_ok=True)
    faults, expected, processes = Faults(), Expected(HERE / "expected.txt"), []
    try:
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        processes.append(started("sandbox", [os.environ["DESKBELL_SANDBOX"], str(port)], port, {}))
        running = {}
        for server in SERVERS:
            running[server.name] = Running(server, base)
            processes.append(running[server.name].process)
        for part in parts:
            print(f"{part}:", flush=True)
            match part:
                case "python":
                    check_python(running, faults)
                case "inspector":
                    check_inspector(running, faults)
                case "servers":
                    check_servers(running, whole, expected, faults)
                    faults.lines += [f"expected.txt: nothing needs this any more: {line}" for line in expected.stale("server", whole)]
                case "host":
                    check_host(whole, expected, faults)
                    faults.lines += [f"expected.txt: nothing needs this any more: {line}" for line in expected.stale("client", whole)]
                case other:
                    sys.exit(f"there is no part {other}: python, inspector, servers, host")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
    if faults.lines:
        sys.exit("\n".join(faults.lines))


main()
