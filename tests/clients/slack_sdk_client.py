"""Exercises the sandbox's Web API with the official Python client.

    pip install slack_sdk
    python tests/clients/slack_sdk_client.py http://127.0.0.1:4100 [xoxb-token] [xapp-token]

The sandbox must run with its default workspace. Exits with 0 when everything held.
"""

import json
import sys
import time
import urllib.request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, SectionBlock
from slack_sdk.webhook import WebhookClient

base = sys.argv[1].rstrip("/")
bot_token = sys.argv[2] if len(sys.argv) > 2 else "xoxb-sandbox-bot-token"
app_token = sys.argv[3] if len(sys.argv) > 3 else "xapp-sandbox-app-token"
client = WebClient(token=bot_token, base_url=f"{base}/api/")
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        sys.exit(f"FAILED: {what}")


def refused(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except SlackApiError as refusal:
        check(refusal.response["error"] == error, f"{refusal.response['error']!r} instead of {error!r}")
        return refusal.response
    return sys.exit(f"FAILED: {call.__name__} was not refused with {error}")


def act(kind, **fields):
    request = urllib.request.Request(
        f"{base}/sandbox/act/{kind}", json.dumps(fields).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def identity():
    me = client.auth_test()
    check(me["user_id"] == "U0DESKBELL" and me["team_id"] == "T0NORTHWIND", "auth.test")
    check("chat:write" in me.headers["x-oauth-scopes"], "x-oauth-scopes")
    check(client.team_info()["team"]["domain"] == "northwind", "team.info")
    check(client.bots_info(bot=me["bot_id"])["bot"]["user_id"] == "U0DESKBELL", "bots.info")
    check(client.api_test(foo="bar")["args"]["foo"] == "bar", "api.test")
    refused("invalid_auth", WebClient(token="xoxb-wrong", base_url=f"{base}/api/").auth_test)
    refused("not_authed", WebClient(base_url=f"{base}/api/").auth_test)
    refused("unknown_method", client.api_call, "no.such.method")
    check(client.apps_connections_open(app_token=app_token)["url"].startswith("ws://"), "apps.connections.open")


def messages():
    blocks = [
        SectionBlock(text="*Hello*"),
        ActionsBlock(elements=[ButtonElement(text="Confirm", action_id="confirm", value="T1")]),
    ]
    metadata = {"event_type": "deskbell_card", "event_payload": {"ticket": "T1"}}
    posted = client.chat_postMessage(channel="C0SUPPORT", text="Hello", blocks=blocks, metadata=metadata)
    ts = posted["ts"]
    found = client.conversations_history(channel="C0SUPPORT", oldest=ts, inclusive=True)["messages"]
    check(found[0]["ts"] == ts and "metadata" not in found[0], "history hides metadata")
    found = client.conversations_history(channel="C0SUPPORT", oldest=ts, inclusive=True, include_all_metadata=True)
    check(found["messages"][0]["metadata"] == metadata, "history shows metadata when asked")
    check(client.conversations_history(channel="C0SUPPORT", oldest=ts)["messages"] == [], "oldest is exclusive")
    reply = client.chat_postMessage(channel="C0SUPPORT", text="A reply", thread_ts=ts)
    thread = client.conversations_replies(channel="C0SUPPORT", ts=ts)["messages"]
    check([m["ts"] for m in thread] == [ts, reply["ts"]] and thread[0]["reply_count"] == 1, "replies")
    check(client.chat_update(channel="C0SUPPORT", ts=ts, text="Done", blocks=[])["text"] == "Done", "update")
    check("blocks" not in client.conversations_replies(channel="C0SUPPORT", ts=ts)["messages"][0], "blocks removed")
    check(client.chat_getPermalink(channel="C0SUPPORT", message_ts=ts)["permalink"].startswith(base), "permalink")
    check(client.chat_postEphemeral(channel="C0SUPPORT", user="U0ANNA", text="psst")["message_ts"], "ephemeral")
    client.chat_delete(channel="C0SUPPORT", ts=reply["ts"])
    refused("message_not_found", client.chat_update, channel="C0SUPPORT", ts=reply["ts"], text="x")
    theirs = act("message", user="U0ANNA", channel="C0SUPPORT", text="Login is broken")["ts"]
    refused("cant_update_message", client.chat_update, channel="C0SUPPORT", ts=theirs, text="x")
    client.reactions_add(channel="C0SUPPORT", timestamp=theirs, name="eyes")
    refused("already_reacted", client.reactions_add, channel="C0SUPPORT", timestamp=theirs, name="eyes")
    check(client.reactions_get(channel="C0SUPPORT", timestamp=theirs)["message"]["reactions"][0]["count"] == 1, "get")
    client.reactions_remove(channel="C0SUPPORT", timestamp=theirs, name="eyes")
    refused("no_reaction", client.reactions_remove, channel="C0SUPPORT", timestamp=theirs, name="eyes")


def refusals():
    refused("channel_not_found", client.chat_postMessage, channel="C0NOWHERE", text="x")
    refused("channel_not_found", client.chat_postMessage, channel="C0LEADERS", text="private and not invited")
    refused("no_text", client.api_call, "chat.postMessage", params={"channel": "C0OPS"})
    refused("msg_too_long", client.chat_postMessage, channel="C0OPS", text="x" * 40_001)
    long_button = [{"type": "actions", "elements": [
        {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x" * 76}}]}]
    answer = refused("invalid_blocks", client.chat_postMessage, channel="C0OPS", text="x", blocks=long_button)
    check(answer["response_metadata"]["messages"], "invalid_blocks says why")


def people_and_channels():
    check(client.users_info(user="U0ANNA")["user"]["profile"]["email"] == "anna@northwind.example", "users.info")
    refused("user_not_found", client.users_info, user="U0NOBODY")
    check(client.users_lookupByEmail(email="ben@northwind.example")["user"]["id"] == "U0BEN", "lookupByEmail")
    refused("users_not_found", client.users_lookupByEmail, email="hugo@acme.example")
    check(len(client.users_list()["members"]) == 9, "users.list")
    pages = list(client.conversations_list(limit=3))
    names = [channel["name"] for page in pages for channel in page["channels"]]
    check(len(pages) > 1 and "support" in names and "leadership" not in names, "conversations.list in pages")
    check(client.conversations_info(channel="C0ACME")["channel"]["is_ext_shared"], "conversations.info")
    members = [m for page in client.conversations_members(channel="C0ACME", limit=2) for m in page["members"]]
    check("U0HUGO" in members and len(members) == 4, "conversations.members in pages")
    im = client.conversations_open(users="U0ANNA", return_im=True)["channel"]
    check(im["user"] == "U0ANNA" and im["id"].startswith("D"), "conversations.open")
    check(client.chat_postMessage(channel="U0ANNA", text="hello")["channel"] == im["id"], "post to a person")


def views():
    view = {"type": "home", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Hi"}}]}
    home = client.views_publish(user_id="U0ANNA", view=view)["view"]
    client.views_publish(user_id="U0ANNA", view=view, hash=home["hash"])
    refused("hash_conflict", client.views_publish, user_id="U0ANNA", view=view, hash=home["hash"])
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "Hi"}, "blocks": view["blocks"]}
    refused("invalid_trigger_id", client.views_open, trigger_id="nope", view=modal)
    refused("not_found", client.views_update, view_id="V0", view=modal)
    modal["title"]["text"] = "x" * 25
    refused("invalid_arguments", client.views_open, trigger_id="nope", view=modal)
    dead = WebhookClient(f"{base}/response/nope").send(text="x")
    check(dead.status_code == 404, "a response_url that was never given out")


def limits():
    hits = 0
    for _ in range(6):
        try:
            client.chat_postMessage(channel="C0GENERAL", text="burst")
        except SlackApiError as refusal:
            check(refusal.response.status_code == 429, "429")
            check(int(refusal.response.headers["Retry-After"]) >= 1, "Retry-After")
            hits += 1
    check(hits == 3, f"three posts at once, {hits} refused")
    patient = WebClient(token=bot_token, base_url=f"{base}/api/", retry_handlers=[RateLimitErrorRetryHandler(2)])
    started = time.monotonic()
    check(patient.chat_postMessage(channel="C0GENERAL", text="patient")["ok"], "the client's own retry")
    check(time.monotonic() - started < 5, "the client waited as told")


identity()
messages()
refusals()
people_and_channels()
views()
limits()
print(f"slack_sdk: {checks} checks held")
