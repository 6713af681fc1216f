"""Deskbell's own MCP servers, each in front of a box of the sandbox, and what a client does with them.

A server of ours is added by an entry here, and every check of `check.py` runs against it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Server:
    """One server: its subcommand, its environment (`{base}` is the sandbox's address), a read, and a write that a key makes once."""

    name: str
    env: dict
    reads: tuple
    writes: tuple
    # What of the write's result says that it was made by this very call.
    made: str = "created"
    # What of the write's result names the thing: the same both times.
    key: str = "key"


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
]
