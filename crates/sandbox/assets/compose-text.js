// Between what a person types (@Maya Chen, #support) and what Slack sends (<@U1>, <#C1|support>).
import { isDirect, nameOf, store, userById } from './state.js';

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const quoteForRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Alternatives with the longest first, so that "Ana" does not take "Ana Silva"'s mention. */
const anyOf = (names) => names.sort((a, b) => b.length - a.length).map((name) => quoteForRegExp(escape(name))).join('|');

export function toWire(typed) {
  const users = new Map(store.data.users.flatMap((user) => [[nameOf(user), user.id], [user.name, user.id]]).map(([name, id]) => [escape(name).toLowerCase(), id]));
  const channels = new Map(store.data.channels.filter((c) => !isDirect(c)).map((c) => [c.name, c]));
  let text = escape(typed);
  const mention = new RegExp(`(?<![\\w<])@(${anyOf(store.data.users.flatMap((u) => [nameOf(u), u.name]))})(?!\\w)`, 'gi');
  text = text.replace(mention, (whole, name) => `<@${users.get(name.toLowerCase())}>`);
  text = text.replace(/(?<![\w<])@(here|channel|everyone)\b/g, '<!$1>');
  text = text.replace(/(?<![\w<&])#([a-z0-9_-]+)/g, (whole, name) => (channels.has(name) ? `<#${channels.get(name).id}|${name}>` : whole));
  return text.replace(/(?<![<|])(https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)])/g, '<$1>').replace(/^&gt; ?/gm, '&gt; ');
}

/** The other way round, for the editor. */
export function toTyped(wire) {
  return (wire ?? '')
    .replace(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g, (whole, id) => `@${nameOf(userById(id))}`)
    .replace(/<#[A-Z0-9]+\|([^>]+)>/g, '#$1')
    .replace(/<!(here|channel|everyone)>/g, '@$1')
    .replace(/<([^<>|]+)(?:\|[^<>]*)?>/g, '$1')
    .replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
