// Atlassian's document format, drawn as Jira draws it: what the documents of issues and comments are made of.
import { html } from './html.js';
import { followInside } from './ui.js';

const DEPTH_MAX = 20;
const WEB = /^https?:\/\//;

const Link = ({ href, children }) => html`<a href=${href} target="_blank" rel="noopener noreferrer" onClick=${(e) => followInside(href) && e.preventDefault()}>${children}</a>`;

const MARKS = {
  strong: (inside) => html`<strong>${inside}</strong>`,
  em: (inside) => html`<em>${inside}</em>`,
  strike: (inside) => html`<s>${inside}</s>`,
  underline: (inside) => html`<u>${inside}</u>`,
  code: (inside) => html`<code>${inside}</code>`,
  link: (inside, { href }) => (WEB.test(href ?? '') ? html`<${Link} href=${href}>${inside}</${Link}>` : inside),
};

const marked = (node) => (node.marks ?? []).reduce((inside, mark) => MARKS[mark.type]?.(inside, mark.attrs ?? {}) ?? inside, node.text);

const NODES = {
  paragraph: (inside) => html`<p>${inside}</p>`,
  heading: (inside) => html`<p><strong>${inside}</strong></p>`,
  bulletList: (inside) => html`<ul>${inside}</ul>`,
  orderedList: (inside) => html`<ol>${inside}</ol>`,
  listItem: (inside) => html`<li>${inside}</li>`,
  blockquote: (inside) => html`<blockquote>${inside}</blockquote>`,
  codeBlock: (inside) => html`<pre>${inside}</pre>`,
  rule: () => html`<hr />`,
  hardBreak: () => html`<br />`,
  inlineCard: (_, { url }) => (WEB.test(url ?? '') ? html`<${Link} href=${url}>${url}</${Link}>` : null),
  mention: (_, { text }) => text ?? null,
};

function drawn(node, depth) {
  if (node?.type === 'text') return marked(node);
  if (!node || depth > DEPTH_MAX) return null;
  const inside = (node.content ?? []).map((child) => drawn(child, depth + 1));
  return NODES[node.type]?.(inside, node.attrs ?? {}) ?? inside;
}

/** A document as Jira keeps it; nothing for none. */
export const Document = ({ document }) => drawn(document, 0);
