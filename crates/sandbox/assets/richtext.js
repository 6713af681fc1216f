// The rich_text block: sections, lists, quotes, preformatted text.
import { Broadcast, ChannelMention, formatDate, Link, UserMention } from './entities.js';
import { emojiChar } from './emoji.js';
import { html } from './html.js';

const STYLE_TAGS = { bold: 'strong', italic: 'em', strike: 's', underline: 'u', code: 'code' };

function styled(node, style) {
  return Object.entries(STYLE_TAGS).reduce(
    (inner, [name, tag]) => (style?.[name] ? html`<${tag}>${inner}</${tag}>` : inner),
    node,
  );
}

const withBreaks = (text) => (text ?? '').split('\n').flatMap((line, i) => (i ? [html`<br />`, line] : [line]));

const leaves = {
  text: (e) => withBreaks(e.text),
  link: (e) => html`<${Link} href=${e.url}>${e.text || e.url}</${Link}>`,
  user: (e) => html`<${UserMention} id=${e.user_id} />`,
  channel: (e) => html`<${ChannelMention} id=${e.channel_id} />`,
  usergroup: (e) => html`<span class="mention">@${e.usergroup_id}</span>`,
  broadcast: (e) => html`<${Broadcast} range=${e.range} />`,
  emoji: (e) => html`<span class="emoji" title=${`:${e.name}:`}>${e.unicode ? fromCodes(e.unicode) : (emojiChar(e.name) ?? `:${e.name}:`)}</span>`,
  date: (e) => html`<time>${formatDate(e.timestamp, e.format ?? '{date_short}')}</time>`,
  color: (e) => html`<span class="rich-color"><i style=${{ background: /^#[0-9a-f]{3,8}$/i.test(e.value) ? e.value : 'none' }}></i>${e.value}</span>`,
};

function fromCodes(unicode) {
  try {
    return String.fromCodePoint(...unicode.split('-').map((code) => Number.parseInt(code, 16)));
  } catch {
    return '';
  }
}

const Leaf = (element) => {
  const draw = leaves[element.type];
  return draw ? styled(draw(element), element.style) : html`<span class="unknown">[${element.type}]</span>`;
};

const inlineOf = (elements) => (elements ?? []).map(Leaf);

const groups = {
  rich_text_section: (e) => html`<div class="rich-section">${inlineOf(e.elements)}</div>`,
  rich_text_quote: (e) => html`<blockquote>${inlineOf(e.elements)}</blockquote>`,
  rich_text_preformatted: (e) => html`<pre>${inlineOf(e.elements)}</pre>`,
  rich_text_list: (e) => {
    const tag = e.style === 'ordered' ? 'ol' : 'ul';
    const start = e.style === 'ordered' && e.offset ? e.offset + 1 : undefined;
    return html`<${tag} class=${`rich-list indent-${Math.min(e.indent ?? 0, 5)}`} start=${start}>
      ${(e.elements ?? []).map((item) => html`<li>${inlineOf(item.elements)}</li>`)}
    </${tag}>`;
  },
};

export function RichText({ block }) {
  return html`<div class="rich-text">${(block.elements ?? []).map((group) => {
    const draw = groups[group.type];
    return draw ? draw(group) : html`<span class="unknown">[${group.type}]</span>`;
  })}</div>`;
}
