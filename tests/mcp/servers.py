"""Deskbell's own MCP servers, each in front of a box of the sandbox, and what a client does with them.

A server of ours is added by an entry here, and every check of `check.py` runs against it.
"""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

@dataclass(frozen=True)
class Server:
    """One server: its subcommand, its environment, a read, and a write that a key makes once.

    In `env` and `files` `{base}` is the sandbox's address, `{folder}` a folder of the server's own, `{port}` where it listens; in
    the arguments of `writes` `{key}` is the key.
    """

    name: str
    env: dict
    reads: tuple
    writes: tuple
    # What of the write's result says that it was made by this very call.
    made: str = "created"
    # What of the write's result names the thing: the same both times. A path with dots.
    key: str = "key"
    # Files in its folder. One named deskbell.toml is its configuration.
    files: dict = field(default_factory=dict)
    # The token without which its address answers nobody.
    token: str = ""
    # What serves it over HTTP, where that is not `deskbell mcp serve NAME --http …`. `/readyz` tells when it is ready.
    served_by: str = ""


SERVERS = [
    Server(
        name="jira",
        env={
            "DESKBELL_JIRA_URL": "{base}/jira",
            "DESKBELL_JIRA_EMAIL": "deskbell@northwind.example",
            "DESKBELL_JIRA_API_TOKEN": "sandbox-jira-token",
        },
        reads=("search_issues", {"jql": "project = PAY ORDER BY created ASC"}),
        writes=("create_issue", {"project_key": "PAY", "issue_type": "Bug", "summary": "Refund fails"}),
    ),
    Server(
        name="shortcut",
        env={"DESKBELL_SHORTCUT_URL": "{base}/shortcut", "DESKBELL_SHORTCUT_API_TOKEN": "sandbox-shortcut-token"},
        reads=("list_workflows", {}),
        writes=("create_story", {"name": "Refund fails", "team": "payments"}),
    ),
    Server(
        name="helpdesk",
        env={
            "DESKBELL_ZENDESK_URL": "{base}/zendesk",
            "DESKBELL_ZENDESK_EMAIL": "deskbell@northwind.example",
            "DESKBELL_ZENDESK_API_TOKEN": "sandbox-zendesk-token",
        },
        reads=("search_tickets", {"query": "refund"}),
        writes=("create_ticket", {"subject": "Refund fails", "internal_note": "See the invoice."}),
        key="ticket_id",
    ),
    Server(
        name="salesforce",
        env={
            "DESKBELL_SALESFORCE_URL": "{base}/salesforce",
            "DESKBELL_SALESFORCE_CLIENT_ID": "sandbox-salesforce-consumer-key",
            "DESKBELL_SALESFORCE_CLIENT_SECRET": "sandbox-salesforce-consumer-secret",
        },
        reads=("lookup_customer", {"email": "hugo@acme.example"}),
        writes=("upsert_case", {"subject": "Refund fails"}),
    ),
    Server(
        name="knowledge",
        env={
            "DESKBELL_KNOWLEDGE_FOLDERS": "{folder}/knowledge",
            "DESKBELL_KNOWLEDGE_DRAFTS": "{folder}/drafts",
            "DESKBELL_CONFLUENCE_URL": "{base}/confluence/wiki",
            "DESKBELL_CONFLUENCE_EMAIL": "deskbell@northwind.example",
            "DESKBELL_CONFLUENCE_API_TOKEN": "sandbox-confluence-token",
            "DESKBELL_CONFLUENCE_SPACES": "HELP",
        },
        files={
            "knowledge/refunds.md": "# Refunds\n\nA refund takes five business days.\n",
            "drafts/README.md": "# Drafts\n\nNobody has read these.\n",
        },
        reads=("search_knowledge", {"query": "how long does a refund take?"}),
        writes=("create_draft", {"title": "Refunds in December, {key}", "markdown": "A refund takes eight business days."}),
        key="draft.slug",
    ),
    Server(
        name="slack",
        env={"SLACK_BOT_TOKEN": "xoxb-sandbox-bot-token", "DESKBELL_SLACK_API_URL": "{base}/api"},
        reads=("list_channels", {}),
        writes=("post_message", {"channel": "C0SUPPORT", "text": "Refunds work again"}),
        key="ts",
    ),
    # `deskbell serve` serves it over HTTP; on standard input and output it stands in front of that one.
    Server(
        name="desk",
        env={
            "DESKBELL_DESK_TOKEN": "helper-token-of-the-checkers",
            "SLACK_SIGNING_SECRET": "nobody-signs-here",
            "SLACK_BOT_TOKEN": "xoxb-sandbox-bot-token",
            "DESKBELL_MASTER_KEY": base64.b64encode(b"seals nothing that is of any use").decode(),
        },
        files={
            "deskbell.toml": f"""
[server]
listen = "127.0.0.1:{{port}}"

[slack]
api_url = "{{base}}/api"
signing_secret = "env:SLACK_SIGNING_SECRET"
bot_token = "env:SLACK_BOT_TOKEN"

[store]
path = "deskbell.db"
master_key = "env:DESKBELL_MASTER_KEY"

[policy]
file = "{ROOT}/policy.example.toml"

[mcp.jira]
command = "{os.environ["DESKBELL"]}"
args = ["mcp", "serve", "jira"]
bindings = "jira"

[mcp.jira.env]
DESKBELL_JIRA_URL = "text:{{base}}/jira"
DESKBELL_JIRA_EMAIL = "text:deskbell@northwind.example"
DESKBELL_JIRA_API_TOKEN = "text:sandbox-jira-token"

[knowledge]
folder = "knowledge"

[desk]
tokens = [{{{{ name = "helper", token = "env:DESKBELL_DESK_TOKEN", scopes = ["read", "triage", "knowledge"] }}}}]
""",
            "knowledge/refunds.md": "# Refunds\n\nA refund takes five business days.\n",
        },
        token="helper-token-of-the-checkers",
        served_by="serve",
        reads=("search_knowledge", {"question": "how long does a refund take?"}),
        writes=("triage", {"text": "A payment failed with error 402", "wait_seconds": 0}),
        key="event_key",
    ),
]
