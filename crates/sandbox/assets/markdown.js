// The markdown block: the CommonMark that models write, as far as Slack draws it.
import { ChannelMention, Link, UserMention } from './entities.js';
import { Emoji, emojiChar } from './emoji.js';
import { html } from './html.js';

const INLINE = new RegExp(
  [
    '`([^`\\n]+)`',
    '!?\\[([^\\]]*)\\]\\(([^)\\s]+)\\)',
    '\\*\\*(?=\\S)(.+?)\\*\\*',
    '__(?=\\S)(.+?)__',
    '(?<![\\w*])\\*(?=\\S)([^*\\n]+?)\\*(?!\\w)',
    '(?<!\\w)_(?=\\S)([^_\\n]+?)_(?!\\w)',
    '~~(?=\\S)(.+?)~~',
    '<([@#])([A-Z0-9]+)(?:\\|[^>]*)?>',
    '<(https?://[^\\s>|]+)(?:\\|([^>]*))?>',
    ':([a-z0-9_+-]+):',
    '(https?://[^\\s<>]+[^\\s<>.,;:!?)])',
  ].join('|'),
  'g',
);

function inline(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const drawn = draw(match);
    if (drawn === null) continue;
    parts.push(text.slice(end, match.index), drawn);
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

function draw([, code, label, href, bold, bold2, em, em2, strike, sigil, id, angle, angleText, emoji, url]) {
  if (code) return html`<code>${code}</code>`;
  if (href) return html`<${Link} href=${href}>${label ? inline(label) : href}</${Link}>`;
  if (bold ?? bold2) return html`<strong>${inline(bold ?? bold2)}</strong>`;
  if (em ?? em2) return html`<em>${inline(em ?? em2)}</em>`;
  if (strike) return html`<s>${inline(strike)}</s>`;
  if (sigil === '@') return html`<${UserMention} id=${id} />`;
  if (sigil === '#') return html`<${ChannelMention} id=${id} />`;
  if (angle) return html`<${Link} href=${angle}>${angleText || angle}</${Link}>`;
  if (emoji) return emojiChar(emoji) ? html`<${Emoji} name=${emoji} />` : null;
  return html`<${Link} href=${url}>${url}</${Link}>`;
}

const BULLET = /^(\s*)[-*+] (?:\[([ xX])\] )?(.*)$/;
const NUMBER = /^(\s*)(\d+)[.)] (.*)$/;
const cellsOf = (line) => line.trim().replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());

/** Each rule takes what it can from the front of `lines` (removing it) and draws it, or answers null. */
const rules = [
  function fence(lines) {
    if (!lines[0].startsWith('```')) return null;
    lines.shift();
    const close = lines.findIndex((line) => line.startsWith('```'));
    const code = lines.splice(0, close < 0 ? lines.length : close);
    lines.shift();
    return html`<pre>${code.join('\n')}</pre>`;
  },
  function heading(lines) {
    const match = /^(#{1,6}) (.*)$/.exec(lines[0]);
    if (!match) return null;
    lines.shift();
    return html`<div class=${`md-heading md-h${match[1].length}`} role="heading" aria-level=${match[1].length}>${inline(match[2])}</div>`;
  },
  function rule(lines) {
    if (!/^ *([-*_])( *\1){2,} *$/.test(lines[0])) return null;
    lines.shift();
    return html`<hr />`;
  },
  function quote(lines) {
    const quoted = takeWhile(lines, (line) => line.startsWith('>'));
    return quoted.length ? html`<blockquote>${flow(quoted.map((line) => line.replace(/^> ?/, '')))}</blockquote>` : null;
  },
  function bullets(lines) {
    const items = takeWhile(lines, (line) => BULLET.test(line)).map((line) => BULLET.exec(line));
    if (!items.length) return null;
    return html`<ul class="rich-list">${items.map(([, indent, box, text]) =>
      html`<li style=${{ marginLeft: `${indent.length * 8}px` }}>${box ? (box === ' ' ? '☐ ' : '☑ ') : ''}${inline(text)}</li>`)}</ul>`;
  },
  function numbers(lines) {
    const items = takeWhile(lines, (line) => NUMBER.test(line)).map((line) => NUMBER.exec(line));
    if (!items.length) return null;
    return html`<ol class="rich-list" start=${items[0][2]}>${items.map(([, , , text]) => html`<li>${inline(text)}</li>`)}</ol>`;
  },
  function table(lines) {
    if (!lines[0].includes('|') || !/^[\s|:-]*-[\s|:-]*$/.test(lines[1] ?? '')) return null;
    const rows = takeWhile(lines, (line) => line.includes('|'));
    const [head, , ...body] = rows.map(cellsOf);
    return html`<table class="block-table">
      <thead><tr>${head.map((cell) => html`<th>${inline(cell)}</th>`)}</tr></thead>
      <tbody>${body.map((row) => html`<tr>${row.map((cell) => html`<td>${inline(cell)}</td>`)}</tr>`)}</tbody>
    </table>`;
  },
];

function takeWhile(lines, wanted) {
  const stop = lines.findIndex((line) => !wanted(line));
  return lines.splice(0, stop < 0 ? lines.length : stop);
}

const flow = (lines) => lines.flatMap((line, i) => (i ? [html`<br />`, ...inline(line)] : inline(line)));

export function Markdown({ text }) {
  const lines = (text ?? '').split('\n');
  const drawn = [];
  while (lines.length) {
    const special = rules.reduce((found, take) => found ?? (lines.length ? take(lines) : null), null);
    if (special) {
      drawn.push(special);
    } else if (!lines[0].trim()) {
      lines.shift();
    } else {
      const first = lines.shift();
      drawn.push(html`<p>${flow([first, ...takeParagraph(lines)])}</p>`);
    }
  }
  return html`<div class="markdown">${drawn}</div>`;
}

/** Lines up to the next blank line or the next thing with a form of its own. */
const STRUCTURED = /^(```|#{1,6} |>|\s*[-*+] |\s*\d+[.)] |\|)/;
const takeParagraph = (lines) => takeWhile(lines, (line) => line.trim() && !STRUCTURED.test(line));
