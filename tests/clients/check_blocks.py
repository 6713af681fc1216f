"""Reads every rendered sample with Slack's own Python SDK, which checks lengths and counts.

    cargo run -p deskbell-block-kit --example render_samples -- OUT_DIR
    python tests/clients/check_blocks.py OUT_DIR

Needs slack_sdk (see requirements.txt). Exits 1 and names each sample that fails.
"""

import json
import sys
from pathlib import Path

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View


def without_unset(value):
    """The value without the nulls and defaults that the SDK may add."""
    if isinstance(value, dict):
        return {key: without_unset(field) for key, field in value.items() if field is not None}
    if isinstance(value, list):
        return [without_unset(item) for item in value]
    return value


def lost(given, read, path=""):
    """What stands in the sample and not in what the SDK understood of it."""
    if isinstance(given, dict) and isinstance(read, dict):
        for key, field in given.items():
            if key not in read:
                yield f"{path}.{key} was not understood"
            else:
                yield from lost(field, read[key], f"{path}.{key}")
    elif isinstance(given, list) and isinstance(read, list):
        if len(given) != len(read):
            yield f"{path}: {len(given)} items became {len(read)}"
        for index, (one, other) in enumerate(zip(given, read)):
            yield from lost(one, other, f"{path}[{index}]")
    elif given != read:
        yield f"{path}: was read as something else"


def faults(sample):
    """Why the SDK does not take this message or view as it stands."""
    try:
        blocks = Block.parse_all(sample["blocks"])
        if any(block is None for block in blocks):
            return ["a block of an unknown type"]
        read = [without_unset(block.to_dict()) for block in blocks]
        found = list(lost(sample["blocks"], read, "blocks"))
        if "type" in sample:
            view = View(**sample)
            found += lost(sample, without_unset(view.to_dict()), "view")
        return found
    except Exception as fault:  # the SDK raises several unrelated classes
        return [f"{type(fault).__name__}: {fault}"]


def main(folder):
    samples = sorted(Path(folder).glob("*.json"))
    failed = 0
    for path in samples:
        for fault in faults(json.loads(path.read_text(encoding="utf-8"))):
            failed += 1
            print(f"{path.name}: {fault}", file=sys.stderr)
    print(f"{len(samples)} samples read with slack_sdk, {failed} faults")
    return 1 if failed or not samples else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check_blocks.py FOLDER")
    sys.exit(main(sys.argv[1]))
