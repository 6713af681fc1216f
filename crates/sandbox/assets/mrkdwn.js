// Slack's mrkdwn, drawn. Text becomes elements, never markup, so nothing in a message can inject HTML.
import { Broadcast, ChannelMention, formatDate, Link, UserMention } from './entities.js';
import { Emoji, emojiChar } from './emoji.js';
import { html } from './html.js';

const UNESCAPED = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };
export const unescape = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => UNESCAPED[entity]);

// In order of precedence: <reference>, `code`, *bold*, _italic_, ~strike~, :emoji:, bare link.
// A style mark opens after a boundary and closes before one, so snake_case and 2*3*4 stay as they are.
const INLINE = new RegExp(
  [
    '<([^<>\\n]+)>',
    '`([^`\\n]+)`',
    '(?<![\\w*])\\*(?=\\S)([^*\\n]*?[^*\\s])\\*(?![\\w*])',
    '(?<![\\w_])_(?=\\S)([^_\\n]*?[^_\\s]|[^\\n]*?\\S)_(?![\\w_])',
    '(?<![\\w~])~(?=\\S)([^~\\n]*?[^~\\s])~(?![\\w~])',
    ':([a-z0-9_+\'-]+(?:::skin-tone-[2-6])?):',
    '(https?://[^\\s<>|]+[^\\s<>|.,;:!?)\\]\'"])',
  ].join('|'),
  'g',
);

/** Draws one run of text without line structure. */
export function inline(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const drawn = drawInline(match);
    if (drawn === null) continue;
    if (match.index > end) parts.push(...lines(text.slice(end, match.index)));
    parts.push(drawn);
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(...lines(text.slice(end)));
  return parts;
}

function drawInline([, reference, code, bold, italic, strike, emoji, url]) {
  if (reference !== undefined) return drawReference(reference);
  if (code !== undefined) return html`<code>${codeText(code)}</code>`;
  if (bold !== undefined) return html`<strong>${inline(bold)}</strong>`;
  if (italic !== undefined) return html`<em>${inline(italic)}</em>`;
  if (strike !== undefined) return html`<s>${inline(strike)}</s>`;
  if (emoji !== undefined) return emojiChar(emoji) ? html`<${Emoji} name=${emoji} />` : null;
  return html`<${Link} href=${unescape(url)}>${unescape(url)}</${Link}>`;
}

function drawReference(body) {
  const bar = body.indexOf('|');
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? '' : body.slice(bar + 1);
  if (target.startsWith('@')) return html`<${UserMention} id=${target.slice(1)} />`;
  if (target.startsWith('#')) return html`<${ChannelMention} id=${target.slice(1)} label=${label} />`;
  if (target.startsWith('!date^')) return drawDate(target, label);
  if (target.startsWith('!subteam^')) return html`<span class="mention">${label || '@group'}</span>`;
  if (target.startsWith('!')) return html`<${Broadcast} range=${target.slice(1)} />`;
  if (!/^[a-z]+:/i.test(target)) return unescape(`<${body}>`);
  const href = unescape(target);
  return html`<${Link} href=${href}>${label ? inline(label) : href.replace(/^mailto:/, '')}</${Link}>`;
}

function drawDate(target, fallback) {
  const [, seconds, template, href] = target.split('^');
  if (!seconds || !template) return unescape(fallback);
  const text = formatDate(seconds, unescape(template));
  return href ? html`<${Link} href=${unescape(href)}>${text}</${Link}>` : html`<time>${text}</time>`;
}

/** Inside code, references lose their brackets, as Slack shows them. */
const codeText = (code) => unescape(code.replace(/<(?:[^<>|]+\|)?([^<>]+)>/g, '$1'));

/** Plain text with its line breaks as elements. */
function lines(text) {
  const parts = [];
  unescape(text).split('\n').forEach((line, i) => {
    if (i > 0) parts.push(html`<br />`);
    if (line) parts.push(line);
  });
  return parts;
}

const QUOTE = /^(?:&gt;|>) ?/;

/** Draws quotes and lists of lines; the rest goes through `inline`. */
function blocks(text) {
  const drawn = [];
  let plain = [];
  let quoted = [];
  const flushPlain = () => {
    if (plain.length) drawn.push(html`<span>${inline(plain.join('\n'))}</span>`);
    plain = [];
  };
  const flushQuote = () => {
    if (quoted.length) drawn.push(html`<blockquote>${inline(quoted.join('\n'))}</blockquote>`);
    quoted = [];
  };
  for (const line of text.split('\n')) {
    if (QUOTE.test(line)) {
      flushPlain();
      quoted.push(line.replace(QUOTE, ''));
    } else {
      flushQuote();
      plain.push(line);
    }
  }
  flushPlain();
  flushQuote();
  return drawn;
}

/** A whole mrkdwn text. */
export function Mrkdwn({ text }) {
  if (!text) return null;
  const parts = text.split('```');
  if (parts.length % 2 === 0) {
    // The last fence has no partner: it stays as typed.
    const rest = parts.pop();
    parts.push(`${parts.pop()}\`\`\`${rest}`);
  }
  const last = parts.length - 1;
  return html`<span class="mrkdwn">${parts.map((part, i) => {
    if (i % 2 === 1) return html`<pre>${codeText(part.replace(/^\n|\n$/g, ''))}</pre>`;
    // A line break next to a block of code is the block's own.
    const around = (i < last ? part.replace(/\n$/, '') : part).replace(i > 0 ? /^\n/ : /$^/, '');
    return around ? blocks(around) : null;
  })}</span>`;
}

/** `plain_text`: only emoji shortcodes are drawn. */
export function PlainText({ text }) {
  const parts = (text ?? '').split(/:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/);
  return html`<span>${parts.map((part, i) => {
    if (i % 2 === 0) return lines(part);
    return emojiChar(part) ? html`<${Emoji} name=${part} />` : `:${part}:`;
  })}</span>`;
}

/** A text object of Block Kit, either kind. */
export function Text({ of }) {
  if (!of) return null;
  if (typeof of === 'string') return html`<${PlainText} text=${of} />`;
  return of.type === 'mrkdwn' ? html`<${Mrkdwn} text=${of.text} />` : html`<${PlainText} text=${of.text} />`;
}

/** The text as one would read it aloud: no marks, no brackets. For search, labels and previews. */
export function plainOf(text, nameOfUser = (id) => id) {
  const named = (text ?? '').replace(/<([^<>]+)>/g, (_, body) => {
    const [target, label] = body.split('|');
    if (target.startsWith('@')) return `@${nameOfUser(target.slice(1))}`;
    return label ?? target.replace(/^[!#]/, '');
  });
  return unescape(named);
}
