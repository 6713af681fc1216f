"""Sends every request that our servers' tools made to mocks that Stoplight's prism makes of the vendors' OpenAPI documents.

`vendors.py RECORDED DOCUMENTS PRISM`: the folder that the servers' tests recorded into (DESKBELL_RECORDED), the folder with the vendors'
documents, and prism's program. Fails when a request breaks its document, and when no request came from a tool that the server lists. Prism checks paths, parameters, bodies and credentials; it is
blind to what a document does not say, so for Jira it sees neither unknown fields nor whether a text is ADF.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# The vendor, its document, and the headers that its API wants.
VENDORS = [
    ("jira", "jira-cloud-v3.json", {"Authorization": "Basic Ym90QGV4YW1wbGUuY29tOmh1c2g="}),
    ("shortcut", "shortcut-v3.json", {"Shortcut-Token": "hush"}),
    ("zendesk", "zendesk-support.yaml", {"Authorization": "Basic Ym90QGV4YW1wbGUuY29tL3Rva2VuOmh1c2g="}),
]

# Violations that are the document's fault: vendor, what the message says, and why it is none of ours.
KNOWN = [
    ("zendesk", "must have required property 'start_time'",
     "the guide gives start_time the first time only, then the cursor alone"),
]

# Paths that are in another document of the vendor's.
ELSEWHERE = re.compile(r"^/rest/(agile|servicedeskapi)/")

# Prism reads a large document for some seconds; on a busy machine for more.
START_SECONDS = 120
ANSWER_SECONDS = 30


class Prism:
    """A mock of one document."""

    def __init__(self, program, document):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = tempfile.TemporaryFile()
        command = [program, "mock", "-h", "127.0.0.1", "-p", str(self.port), str(document)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def wait(self):
        """Until it listens."""
        for _ in range(START_SECONDS * 10):
            if self.process.poll() is not None:
                self.log.seek(0)
                sys.exit(f"prism ended by itself: {self.log.read().decode()[-2000:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"prism did not start within {START_SECONDS} s")

    def violations(self, request, headers):
        """What of the request breaks the document."""
        query = urllib.parse.urlencode([tuple(pair) for pair in request["query"]])
        url = f"http://127.0.0.1:{self.port}{request['path']}{'?' if query else ''}{query}"
        body = None
        if request["body"] is not None:
            body, headers = json.dumps(request["body"]).encode(), headers | {"Content-Type": "application/json"}
        wire = urllib.request.Request(url, body, headers, method=request["method"])
        try:
            with urllib.request.urlopen(wire, timeout=ANSWER_SECONDS) as answer:
                answer.read()
                found = answer.headers.get("sl-violations")
        except urllib.error.HTTPError as refused:
            text = refused.read().decode(errors="replace")
            found = refused.headers.get("sl-violations")
            if "stoplight.io/prism/errors#" in text:
                # No answer could be made up for the request.
                refusal = json.loads(text)
                causes = refusal.get("validation") or [{"location": [], "message": refusal["title"]}]
                return [said(cause) for cause in causes]
        return [said(fault) for fault in json.loads(found or "[]") if fault["location"][:1] == ["request"]]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def said(fault):
    """A violation in a line."""
    return f"{'.'.join(map(str, fault['location']))}: {fault['message']}"


def check(vendor, headers, prism, recorded):
    """The faults of a vendor's requests, how many requests there were, and how many tools."""
    lines = [json.loads(line) for line in (recorded / f"{vendor}.jsonl").read_text().splitlines()]
    tools = json.loads((recorded / f"{vendor}.tools.json").read_text())
    heard = {request.pop("tool") for request in lines}
    faults = [f"{vendor}: no request came from the tool {tool}" for tool in tools if tool not in heard]
    checked, unused = 0, {words for name, words, _ in KNOWN if name == vendor}
    for request in {json.dumps(request): request for request in lines}.values():
        if ELSEWHERE.match(request["path"]):
            continue
        checked += 1
        for violation in prism.violations(request, headers):
            known = [words for name, words, _ in KNOWN if name == vendor and words in violation]
            unused -= set(known)
            if not known:
                faults.append(f"{vendor}: {request['method']} {request['path']}: {violation}")
    faults += [f"{vendor}: no request does `{words}` any more: remove it from KNOWN" for words in unused]
    return faults, checked, len(tools)


def main():
    recorded, documents, program = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    prisms = {vendor: Prism(program, documents / document) for vendor, document, _ in VENDORS}
    faults = []
    try:
        for vendor, _, headers in VENDORS:
            prisms[vendor].wait()
            # A validator that finds nothing wrong in nonsense proves nothing.
            nonsense = {"method": "POST", "path": "/no/such/thing", "query": [], "body": {}}
            if not prisms[vendor].violations(nonsense, headers):
                faults.append(f"{vendor}: prism takes what the document does not have")
            found, checked, tools = check(vendor, headers, prisms[vendor], recorded)
            faults += found
            print(f"{vendor}: {checked} different requests of {tools} tools, {len(found)} faults")
            if checked == 0:
                faults.append(f"{vendor}: nothing was recorded")
    finally:
        for prism in prisms.values():
            prism.stop()
    if faults:
        sys.exit("\n".join(faults))


main()
