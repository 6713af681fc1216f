// What the sandbox knows, mirrored: fetched once from /sandbox/state, then kept up by /sandbox/stream.
// Everything is replaced, never changed in place, so a component may compare by identity.
import { useEffect, useReducer } from './html.js';

const RECONNECT_MS = 1000;
const MAX_DELIVERIES = 100;

export const store = { data: null, connected: false, error: null, deliveries: [] };

const listeners = new Set();
let scheduled = false;

/** Redraws every subscriber soon; many changes in one tick make one redraw. */
export function changed() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    listeners.forEach((listener) => listener());
  });
}

/** Subscribes the calling component to every change of the store and of the page's own state. */
export function useStore() {
  const [, redraw] = useReducer((n) => n + 1, 0);
  useEffect(() => {
    listeners.add(redraw);
    return () => listeners.delete(redraw);
  }, []);
  return store;
}

/** Called with each change after it was applied: toasts, unread marks. */
export const changeHooks = [];

let waiting = []; // changes that came while the state was being fetched; null when none is under way

/** Opens the stream; the state is fetched at each opening, so nothing falls between the two. */
export function start() {
  waiting = [];
  const source = new EventSource('/sandbox/stream');
  source.onopen = () => {
    store.connected = true;
    refetch();
  };
  source.onerror = () => {
    store.connected = false;
    if (!store.data) store.error = 'The sandbox does not answer. Trying again…';
    changed();
    if (source.readyState === EventSource.CLOSED) setTimeout(start, RECONNECT_MS);
  };
  source.onmessage = (event) => {
    const change = JSON.parse(event.data);
    if (change.kind === 'lagged') refetch();
    else if (waiting) waiting.push(change);
    else apply(change);
    changed();
  };
}

/** Fetches the whole state, then applies what changed meanwhile. */
async function refetch() {
  waiting ??= [];
  try {
    const response = await fetch('/sandbox/state');
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    take(await response.json());
  } catch (error) {
    store.error = `The sandbox does not answer (${error.message}). Trying again…`;
    setTimeout(refetch, RECONNECT_MS);
  }
  changed();
}

function take(data) {
  data.messages ??= {};
  data.views ??= {};
  data.homes ??= {};
  for (const list of Object.values(data.messages)) list.sort(byTs);
  store.data = data;
  store.error = null;
  const missed = waiting ?? [];
  waiting = null;
  missed.filter((change) => !(change.seq <= data.seq)).forEach(apply);
}

const appliers = {
  message: ({ channel, message }) => upsertMessage(channel, message),
  message_removed: ({ channel, ts, message }) => removeMessage(channel, ts ?? message?.ts),
  channel: ({ channel }) => {
    store.data.channels = upsertById(store.data.channels, channel);
  },
  user: ({ user }) => {
    store.data.users = upsertById(store.data.users, user);
  },
  view: ({ user, view }) => setViews(user, upsertById(viewsOf(user), view)),
  home: ({ user, view }) => {
    store.data.homes = { ...store.data.homes, [user]: view };
  },
  view_closed: ({ user, view_id }) => setViews(user, viewsOf(user).filter((view) => view.id !== view_id)),
  jira: ({ jira }) => {
    store.data.jira = jira;
  },
  zendesk: ({ zendesk }) => {
    store.data.zendesk = zendesk;
  },
  shortcut: ({ shortcut }) => {
    store.data.shortcut = shortcut;
  },
  salesforce: ({ salesforce }) => {
    store.data.salesforce = salesforce;
  },
  delivery: (change) => {
    store.deliveries = [...store.deliveries, { ...change, at: new Date() }].slice(-MAX_DELIVERIES);
  },
  toast: () => {},
};

function apply(change) {
  if (!store.data) return;
  const previous = change.kind === 'message'
    ? store.data.messages[change.channel]?.find((m) => m.ts === change.message?.ts) : null;
  appliers[change.kind]?.(change);
  changeHooks.forEach((hook) => hook(change, previous));
}

const byTs = (a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0);

function upsertMessage(channel, message) {
  const list = [...(store.data.messages[channel] ?? [])];
  const at = list.findIndex((m) => m.ts === message.ts);
  if (at >= 0) list[at] = message;
  else list.push(message);
  if (at < 0) list.sort(byTs);
  store.data.messages = { ...store.data.messages, [channel]: list };
}

function removeMessage(channel, ts) {
  const all = store.data.messages[channel] ?? [];
  const hasReplies = all.some((m) => m.thread_ts === ts && m.ts !== ts);
  const list = hasReplies
    ? all.map((m) => (m.ts === ts ? { ...m, deleted: true } : m))
    : all.filter((m) => m.ts !== ts);
  store.data.messages = { ...store.data.messages, [channel]: list };
}

function upsertById(list, item) {
  const at = list.findIndex((other) => other.id === item.id);
  return at < 0 ? [...list, item] : list.map((other, i) => (i === at ? item : other));
}

const viewsOf = (user) => store.data.views[user] ?? [];

function setViews(user, views) {
  store.data.views = { ...store.data.views, [user]: views };
}

// --- Questions that several components ask -----------------------------------------------------

export const userById = (id) => store.data?.users.find((user) => user.id === id);
export const channelById = (id) => store.data?.channels.find((channel) => channel.id === id);
export const nameOf = (user) => user?.real_name || user?.name || 'Unknown';
export const isDirect = (channel) => Boolean(channel?.is_im || channel?.is_mpim);

/** The other side of a direct message, seen by `me`. */
export function partnerIn(channel, me) {
  const members = channel.members ?? [];
  const other = members.find((id) => id !== me) ?? (channel.im_user !== me ? channel.im_user : null);
  return userById(other ?? store.data.bot_user_id);
}

/** What a channel is called by `me`: its name, or the other person's in a direct message. */
export const channelLabel = (channel, me) =>
  isDirect(channel) ? nameOf(partnerIn(channel, me)) : channel.name;

/** Public channels, and the private ones and direct messages that `me` is in. */
export function channelsOf(me) {
  return (store.data?.channels ?? []).filter((channel) => {
    const inside = (channel.members ?? []).includes(me) || channel.im_user === me;
    const hidden = channel.is_private || isDirect(channel);
    const isGuest = userById(me)?.is_external;
    return inside || (!hidden && !isGuest);
  });
}

/** Messages of a channel that `me` may see: ephemeral ones only for their reader, deleted ones only while a thread hangs on them. */
export const visibleMessages = (channel, me) =>
  (store.data?.messages[channel] ?? []).filter(
    (m) => (!m.deleted || (m.reply_count > 0 && !isReply(m))) && (!m.ephemeral_for || m.ephemeral_for === me),
  );

export const isReply = (message) => Boolean(message.thread_ts && message.thread_ts !== message.ts);
export const isMentioned = (message, me) => (message.text ?? '').includes(`<@${me}`);
export const dateOf = (ts) => new Date(Number.parseFloat(ts) * 1000);
