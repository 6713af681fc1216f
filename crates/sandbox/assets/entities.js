// The small inline things that every kind of text shares: links, mentions, dates.
import { channelById, nameOf, userById } from './state.js';
import { html } from './html.js';
import { onLinkClick, openChannel, ui } from './ui.js';

const SAFE_LINK = /^(https?:|mailto:|tel:|slack:)/i;

/** A link, if its scheme is harmless; else only its text. */
export function Link({ href, children }) {
  if (!SAFE_LINK.test(href ?? '')) return html`<span>${children}</span>`;
  return html`<a class="link" href=${href} target="_blank" rel="noopener noreferrer" onClick=${onLinkClick}>${children}</a>`;
}

export function UserMention({ id }) {
  const user = userById(id);
  return html`<span class=${id === ui.me ? 'mention mention-me' : 'mention'} data-user=${id}>@${user ? nameOf(user) : id}</span>`;
}

export function ChannelMention({ id, label }) {
  const channel = channelById(id);
  const name = channel?.name ?? label ?? id;
  if (!channel) return html`<span class="mention">#${name}</span>`;
  return html`<button type="button" class="mention mention-channel" onClick=${() => openChannel(id)}>#${name}</button>`;
}

export function Broadcast({ range }) {
  return html`<span class="mention mention-me">@${range}</span>`;
}

const pad = (n) => String(n).padStart(2, '0');

/** Clock time such as "3:04 PM". */
export const clock = (date) => date.toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' });

const ordinal = (n) => {
  const teen = n % 100 > 10 && n % 100 < 14;
  return n + (teen ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[n % 10] ?? 'th'));
};

/** Days from `date` to today, by the calendar. */
function daysAgo(date) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
}

const nearDay = (date) => ({ 0: 'Today', 1: 'Yesterday', '-1': 'Tomorrow' })[daysAgo(date)];
const longDay = (date, weekday) =>
  `${date.toLocaleDateString('en-US', weekday ? { weekday: 'long', month: 'long' } : { month: 'long' })} ${ordinal(date.getDate())}`;

/** A day as the dividers between messages show it. */
export const dayLabel = (date) => nearDay(date) ?? longDay(date, true);

/** "2 minutes ago", for the last reply of a thread. */
export function ago(date) {
  const minutes = Math.max(0, Math.round((Date.now() - date.getTime()) / 60_000));
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} minute${minutes === 1 ? '' : 's'} ago`;
  if (minutes < 1440) return `today at ${clock(date)}`;
  return dayLabel(date);
}

const dateTokens = {
  date_num: (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`,
  date_slash: (d) => `${d.getMonth() + 1}/${d.getDate()}/${d.getFullYear()}`,
  date: (d) => `${longDay(d)}, ${d.getFullYear()}`,
  date_short: (d) => d.toLocaleDateString('en-US', { month: 'short', day: 'numeric', year: 'numeric' }),
  date_long: (d) => `${longDay(d, true)}, ${d.getFullYear()}`,
  date_pretty: (d) => nearDay(d) ?? dateTokens.date(d),
  date_short_pretty: (d) => nearDay(d) ?? dateTokens.date_short(d),
  date_long_pretty: (d) => nearDay(d) ?? dateTokens.date_long(d),
  time: clock,
  time_secs: (d) => d.toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit', second: '2-digit' }),
  ago,
};

/** Fills Slack's date tokens, e.g. `{date_short} at {time}`, for a Unix time in seconds. */
export function formatDate(seconds, template) {
  const date = new Date(Number(seconds) * 1000);
  return template.replace(/\{(\w+)\}/g, (whole, token) => dateTokens[token]?.(date) ?? whole);
}
