// What the page itself remembers: who acts, where they are, what is open, what they have read.
import { changeHooks, changed, channelById, channelsOf, isDirect, isMentioned, isReply, store, visibleMessages } from './state.js';

const TOAST_MS = 6000;
const remembered = JSON.parse(sessionStorage.getItem('deskbell-sandbox') ?? '{}');

export const ui = {
  me: remembered.me ?? null,
  channelOf: remembered.channelOf ?? {}, // person -> channel last looked at
  rail: 'home',
  thread: null, // { channel, ts }
  jiraOpen: remembered.jiraOpen ?? innerWidth > 900,
  jiraWide: false,
  jiraIssue: null, // key of the open issue
  board: remembered.board ?? 'jira', // which of the vendors' boards stands beside the workspace
  ticket: null, // id of the open Zendesk ticket
  story: null, // number of the open Shortcut story
  record: null, // id of the open Salesforce account or case
  highlighted: null, // ts of a message just jumped to
  toasts: [],
  read: {}, // person -> channel -> newest ts read
  drafts: {}, // person + channel + thread -> text
};

function remember() {
  const { me, channelOf, jiraOpen, board } = ui;
  sessionStorage.setItem('deskbell-sandbox', JSON.stringify({ me, channelOf, jiraOpen, board }));
  changed();
}

/** People one can act as: everyone but the bots. */
export const people = () => (store.data?.users ?? []).filter((user) => !user.is_bot && user.id !== 'USLACKBOT');

/** Chooses a person and a channel when none is chosen yet or the chosen one is gone. */
export function settle() {
  if (!store.data) return;
  const known = (id) => people().some((user) => user.id === id);
  if (!known(ui.me)) ui.me = known(store.data.first_person) ? store.data.first_person : (people()[0]?.id ?? null);
  if (!ui.me) return;
  const mine = channelsOf(ui.me);
  if (!mine.some((channel) => channel.id === ui.channelOf[ui.me])) {
    const first = mine.find((channel) => channel.id === store.data.first_channel);
    ui.channelOf[ui.me] = (first ?? mine.find((channel) => !isDirect(channel)) ?? mine[0])?.id ?? null;
  }
  for (const user of people()) {
    // What was there when the page opened counts as read.
    ui.read[user.id] ??= Object.fromEntries(
      Object.entries(store.data.messages).map(([channel, list]) => [channel, list.at(-1)?.ts ?? '0']),
    );
  }
}

export const currentChannel = () => channelById(ui.channelOf[ui.me]);

export function actAs(user) {
  ui.me = user;
  ui.thread = null;
  settle();
  remember();
}

export function openChannel(id) {
  ui.channelOf[ui.me] = id;
  if (ui.thread?.channel !== id) ui.thread = null;
  ui.highlighted = null;
  remember();
}

export function openThread(channel, ts) {
  ui.thread = { channel, ts };
  changed();
}

export function closeThread() {
  ui.thread = null;
  changed();
}

export function setRail(name) {
  ui.rail = name;
  changed();
}

/** Goes to a message wherever it is, opening its thread when it is a reply. */
export function jumpTo(channel, ts, threadTs) {
  if (!channelsOf(ui.me).some((c) => c.id === channel)) {
    toast('You cannot see that channel as this person.');
    return;
  }
  openChannel(channel);
  if (threadTs && threadTs !== ts) openThread(channel, threadTs);
  ui.highlighted = ts;
  changed();
}

/** Whether this vendor's board stands beside the workspace. */
export const isBoardOpen = (board) => ui.jiraOpen && ui.board === board;

export function toggleBoard(board, open = !isBoardOpen(board)) {
  ui.board = board;
  ui.jiraOpen = open;
  if (!open) ui.jiraWide = false;
  remember();
}

export const toggleJira = (open) => toggleBoard('jira', open);

export function showTicket(id) {
  ui.ticket = id;
  if (id) toggleBoard('zendesk', true);
  else remember();
}

export function showStory(id) {
  ui.story = id;
  if (id) toggleBoard('shortcut', true);
  else remember();
}

export function showRecord(id) {
  ui.record = id;
  if (id) toggleBoard('salesforce', true);
  else remember();
}

export function widenJira() {
  ui.jiraWide = !ui.jiraWide;
  changed();
}

export function showIssue(key) {
  ui.jiraIssue = key;
  if (key) {
    ui.board = 'jira';
    ui.jiraOpen = true;
  }
  remember();
}

let toastId = 0;

/** Shows a short notice to whoever acts now. */
export function toast(text) {
  const id = ++toastId;
  ui.toasts = [...ui.toasts, { id, text }];
  changed();
  setTimeout(() => {
    ui.toasts = ui.toasts.filter((other) => other.id !== id);
    changed();
  }, TOAST_MS);
}

/** Marks all that `me` can see in the channel as read. */
export function markRead(channel) {
  const newest = visibleMessages(channel, ui.me).at(-1)?.ts;
  if (!newest) return;
  const read = (ui.read[ui.me] ??= {});
  if ((read[channel] ?? '0') < newest) {
    read[channel] = newest;
    changed();
  }
}

/** `{count, urgent}`: unread messages, and how many of them are direct or mention the person. */
export function unreadOf(channel, user = ui.me) {
  const since = ui.read[user]?.[channel.id] ?? '0';
  const fresh = visibleMessages(channel.id, user).filter((m) => m.ts > since && m.user !== user && !isReply(m));
  const replies = visibleMessages(channel.id, user).filter((m) => m.ts > since && isReply(m) && isMentioned(m, user));
  const urgent = isDirect(channel) ? fresh.length : fresh.filter((m) => isMentioned(m, user)).length + replies.length;
  return { count: fresh.length + replies.length, urgent };
}

/** Links that the sandbox can follow by itself: a message's permalink, and what the vendors' panes show. */
export function followInside(href) {
  const message = /\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})(?:\?.*?thread_ts=([\d.]+))?/.exec(href ?? '');
  if (message) {
    const ts = `${message[2]}.${message[3]}`;
    const threadTs = message[4] ?? store.data.messages[message[1]]?.find((m) => m.ts === ts)?.thread_ts;
    jumpTo(message[1], ts, threadTs);
    return true;
  }
  const jira = store.data?.jira;
  const key = /\/browse\/([A-Z][A-Z0-9_]*-\d+)/.exec(href ?? '')?.[1];
  if (jira && key && jira.issues.some((issue) => issue.key === key)) {
    showIssue(key);
    return true;
  }
  const ticket = Number(/\/zendesk\/agent\/tickets\/(\d+)$/.exec(href ?? '')?.[1]);
  if (store.data?.zendesk?.tickets.some((candidate) => candidate.id === ticket)) {
    showTicket(ticket);
    return true;
  }
  const story = Number(/\/shortcut\/story\/(\d+)$/.exec(href ?? '')?.[1]);
  if (store.data?.shortcut?.stories.some((candidate) => candidate.id === story)) {
    showStory(story);
    return true;
  }
  const record = /\/lightning\/r\/(?:Account|Case)\/(\w+)\/view$/.exec(href ?? '')?.[1];
  const { accounts = [], cases = [] } = store.data?.salesforce ?? {};
  if (record && [...accounts, ...cases].some((candidate) => candidate.id === record)) {
    showRecord(record);
    return true;
  }
  return false;
}

/** Goes where the address points: `/#/CHANNEL`, or `/#/CHANNEL/pTIMESTAMP`, where a permalink leads. */
export function followAddress() {
  const [, channel, message] = /^#\/([A-Z0-9]+)(?:\/(p\d{16}.*))?$/.exec(location.hash) ?? [];
  if (!channel) return;
  history.replaceState(null, '', location.pathname);
  if (!message) {
    if (channelsOf(ui.me).some((c) => c.id === channel)) openChannel(channel);
    return;
  }
  const ts = message.replace(/^p(\d{10})(\d{6}).*$/, '$1.$2');
  const threadTs = store.data.messages[channel]?.find((m) => m.ts === ts)?.thread_ts;
  jumpTo(channel, ts, threadTs);
}

/** Click handler for any link: follows inside links here, leaves the others to the browser. */
export function onLinkClick(event) {
  const href = event.currentTarget.getAttribute('href');
  if (followInside(href)) event.preventDefault();
}

changeHooks.push((change) => {
  if (change.kind === 'toast' && (!change.user || change.user === ui.me)) toast(change.text);
});
