// Exercises the sandbox's Web API with the official client for Node.
//
//     npm install @slack/web-api @slack/socket-mode
//     node tests/clients/web_api_client.mjs http://127.0.0.1:4100 [xoxb-token] [xapp-token]
//
// The sandbox must run with its default workspace. Exits with 0 when everything held. With
// @slack/socket-mode installed, and a sandbox started for Socket Mode, envelopes are tried as well.
import assert from 'node:assert/strict';
import { WebClient } from '@slack/web-api';

const [base, botToken = 'xoxb-sandbox-bot-token', appToken = 'xapp-sandbox-app-token'] = process.argv.slice(2);
const slackApiUrl = `${base}/api/`;
const client = new WebClient(botToken, { slackApiUrl, rejectRateLimitedCalls: true, retryConfig: { retries: 0 } });

const refused = (error, call) => assert.rejects(call, (thrown) => {
  assert.equal(thrown.data?.error, error);
  return true;
});

async function act(kind, fields) {
  const response = await fetch(`${base}/sandbox/act/${kind}`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields),
  });
  return response.json();
}

async function identity() {
  const me = await client.auth.test();
  assert.equal(me.user_id, 'U0DESKBELL');
  assert.ok(me.response_metadata.scopes.includes('chat:write'));
  await refused('invalid_auth', () => new WebClient('xoxb-wrong', { slackApiUrl }).auth.test());
  await refused('unknown_method', () => client.apiCall('no.such.method'));
}

async function messages() {
  const blocks = [
    { type: 'section', text: { type: 'mrkdwn', text: '*Hello*' } },
    { type: 'actions', elements: [{ type: 'button', action_id: 'confirm', value: 'T1', text: { type: 'plain_text', text: 'Confirm' } }] },
  ];
  const metadata = { event_type: 'deskbell_card', event_payload: { ticket: 'T1' } };
  const { ts } = await client.chat.postMessage({ channel: 'C0TRIAGE', text: 'Hello', blocks, metadata });
  const plain = await client.conversations.history({ channel: 'C0TRIAGE', oldest: ts, inclusive: true });
  assert.equal(plain.messages[0].metadata, undefined);
  const full = await client.conversations.history({ channel: 'C0TRIAGE', oldest: ts, inclusive: true, include_all_metadata: true });
  assert.deepEqual(full.messages[0].metadata, metadata);
  await client.chat.postMessage({ channel: 'C0TRIAGE', text: 'A reply', thread_ts: ts });
  const thread = await client.conversations.replies({ channel: 'C0TRIAGE', ts });
  assert.deepEqual(thread.messages.map((m) => m.text), ['Hello', 'A reply']);
  await client.chat.update({ channel: 'C0TRIAGE', ts, text: 'Done', blocks: [] });
  await client.reactions.add({ channel: 'C0TRIAGE', timestamp: ts, name: 'white_check_mark' });
  await refused('channel_not_found', () => client.chat.postMessage({ channel: 'C0LEADERS', text: 'x' }));
  await refused('no_text', () => client.apiCall('chat.postMessage', { channel: 'C0TRIAGE' }));
  await client.chat.delete({ channel: 'C0TRIAGE', ts });
}

async function pages() {
  const names = [];
  for await (const page of client.paginate('conversations.list', { limit: 4 })) names.push(...page.channels.map((c) => c.name));
  assert.ok(names.includes('support') && !names.includes('leadership'));
  assert.equal((await client.users.lookupByEmail({ email: 'anna@northwind.example' })).user.id, 'U0ANNA');
}

async function rateLimit() {
  const calls = await Promise.allSettled(Array.from({ length: 6 }, () => client.chat.postMessage({ channel: 'C0GENERAL', text: 'burst' })));
  const limited = calls.filter((call) => call.reason?.code === 'slack_webapi_rate_limited_error');
  assert.ok(limited.length >= 2 && limited[0].reason.retryAfter >= 1, `${limited.length} refused`);
}

async function socketMode() {
  const { SocketModeClient } = await import('@slack/socket-mode').catch(() => ({}));
  if (!SocketModeClient) return 'left out (@slack/socket-mode is not installed)';
  await fetch(`${base}/sandbox/delivery`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"mode":"socket_mode"}',
  });
  const socket = new SocketModeClient({ appToken, clientOptions: { slackApiUrl } });
  const command = new Promise((resolve) => socket.on('slash_commands', async ({ body, ack }) => {
    await ack({ text: `seen ${body.text}` });
    resolve(body);
  }));
  const message = new Promise((resolve) => socket.on('message', async ({ event, ack }) => {
    await ack();
    if (event.user === 'U0ANNA') resolve(event);
  }));
  await socket.start();
  assert.equal((await act('command', { user: 'U0ANNA', channel: 'C0SUPPORT', command: '/triage', text: 'help' })).ok, true);
  assert.equal((await command).command, '/triage');
  await act('message', { user: 'U0ANNA', channel: 'C0SUPPORT', text: 'over a socket' });
  assert.equal((await message).text, 'over a socket');
  await socket.disconnect();
  return 'held';
}

await identity();
await messages();
await pages();
await rateLimit();
console.log(`@slack/web-api: everything held; Socket Mode: ${await socketMode()}`);
