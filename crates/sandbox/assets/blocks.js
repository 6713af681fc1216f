// Block Kit's blocks. A type that this page does not know is named in a placeholder rather than dropped.
import { Element } from './elements.js';
import { cls, html, useContext, useState } from './html.js';
import { Link } from './entities.js';
import { Markdown } from './markdown.js';
import { Mrkdwn, PlainText, Text } from './mrkdwn.js';
import { RichText } from './richtext.js';
import { blockIdOf, Surface, useSurface } from './surface.js';

function Section({ block, blockId }) {
  const accessory = block.accessory;
  return html`<div class=${cls('block-section', accessory && 'with-accessory')}>
    <div class="section-main">
      ${block.text && html`<div class="section-text"><${Text} of=${block.text} /></div>`}
      ${block.fields && html`<div class="section-fields">${block.fields.map((field) => html`<div class="section-field"><${Text} of=${field} /></div>`)}</div>`}
    </div>
    ${accessory && html`<div class="section-accessory"><${Element} element=${accessory} blockId=${blockId} /></div>`}
  </div>`;
}

function Context({ block }) {
  return html`<div class="block-context">${(block.elements ?? []).map((element) =>
    (element.type === 'image'
      ? html`<img class="context-image" src=${element.image_url} alt=${element.alt_text ?? ''} />`
      : html`<span class="context-text"><${Text} of=${element} /></span>`))}</div>`;
}

function Actions({ block, blockId }) {
  return html`<div class="block-actions">${(block.elements ?? []).map((element) => html`<${Element} key=${element.action_id} element=${element} blockId=${blockId} />`)}</div>`;
}

function Input({ block, blockId }) {
  const surface = useContext(Surface);
  const error = surface.errors[blockId];
  const labelId = `label-${blockId}`;
  return html`<div class=${cls('block-input', error && 'has-error')}>
    <span class="input-label" id=${labelId}><${Text} of=${block.label} />${block.optional && html`<span class="input-optional"> (optional)</span>`}</span>
    <${Element} element=${block.element ?? {}} blockId=${blockId} quiet=${!block.dispatch_action} labelledBy=${labelId} />
    ${error && html`<span class="input-error" role="alert" data-testid="input-error">${error}</span>`}
    ${block.hint && !error && html`<span class="input-hint"><${Text} of=${block.hint} /></span>`}
  </div>`;
}

function Image({ block }) {
  const [open, setOpen] = useState(true);
  return html`<figure class="block-image">
    ${block.title && html`<figcaption><button type="button" class="image-toggle" aria-expanded=${open} onClick=${() => setOpen(!open)}><${PlainText} text=${block.title.text} /> ${open ? '▾' : '▸'}</button></figcaption>`}
    ${open && html`<img src=${block.image_url ?? block.slack_file?.url} alt=${block.alt_text ?? ''} loading="lazy" />`}
  </figure>`;
}

function Cell({ cell }) {
  if (cell?.type === 'rich_text') return html`<${RichText} block=${cell} />`;
  return html`<${PlainText} text=${String(cell?.text ?? cell?.value ?? '')} />`;
}

function Table({ block }) {
  const [head, ...rows] = block.rows ?? [];
  const settings = block.column_settings ?? [];
  const style = (i) => ({ textAlign: settings[i]?.align, whiteSpace: settings[i] && !settings[i].is_wrapped ? 'nowrap' : undefined });
  return html`<div class="table-scroll"><table class="block-table">
    <thead><tr>${(head ?? []).map((cell, i) => html`<th style=${style(i)}><${Cell} cell=${cell} /></th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => html`<td style=${style(i)}><${Cell} cell=${cell} /></td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function Video({ block }) {
  return html`<div class="block-video">
    <${Link} href=${block.title_url ?? block.video_url}><${Text} of=${block.title} /></${Link}>
    ${block.description && html`<div><${Text} of=${block.description} /></div>`}
  </div>`;
}

const blockTypes = {
  section: Section,
  header: ({ block }) => html`<div class="block-header" role="heading" aria-level="3"><${PlainText} text=${block.text?.text} /></div>`,
  divider: () => html`<hr class="block-divider" />`,
  context: Context,
  actions: Actions,
  context_actions: Actions,
  input: Input,
  image: Image,
  rich_text: RichText,
  markdown: ({ block }) => html`<${Markdown} text=${block.text} />`,
  table: Table,
  video: Video,
};

function Block({ block, blockId }) {
  const Known = blockTypes[block.type];
  return html`<div class="block" data-block-id=${blockId} data-block-type=${block.type}>
    ${Known ? html`<${Known} block=${block} blockId=${blockId} />` : html`<div class="unknown">This page does not draw <code>${block.type}</code> blocks.</div>`}
  </div>`;
}

/** A list of blocks on the surface given, or on a message's own when `target` is given instead. */
export function Blocks({ blocks, surface }) {
  return html`<${Surface.Provider} value=${surface}>
    <div class="blocks">${blocks.map((block, i) => html`<${Block} key=${blockIdOf(block, i)} block=${block} blockId=${blockIdOf(block, i)} />`)}</div>
  </${Surface.Provider}>`;
}

const colourOf = (colour) => ({ good: '#2eb67d', warning: '#ecb22e', danger: '#e01e5a' })[colour]
  ?? (/^#?[0-9a-f]{3,8}$/i.test(colour ?? '') ? `#${colour.replace('#', '')}` : '#dddddd');

/** A secondary attachment with its bar of colour: blocks, or the older fields. */
export function Attachment({ attachment, target }) {
  const surface = useSurface(attachment.blocks, target);
  return html`<div class="attachment">
    ${attachment.pretext && html`<div class="attachment-pretext"><${Mrkdwn} text=${attachment.pretext} /></div>`}
    <div class="attachment-body">
      <span class="attachment-bar" style=${{ background: colourOf(attachment.color) }}></span>
      <div class="attachment-main">
        ${attachment.blocks ? html`<${Blocks} blocks=${attachment.blocks} surface=${surface} />` : html`<${OldAttachment} attachment=${attachment} />`}
      </div>
    </div>
  </div>`;
}

function OldAttachment({ attachment: a }) {
  return html`
    ${a.author_name && html`<div class="attachment-author">${a.author_name}</div>`}
    ${a.title && html`<div class="attachment-title">${a.title_link ? html`<${Link} href=${a.title_link}>${a.title}</${Link}>` : a.title}</div>`}
    ${(a.text ?? a.fallback) && html`<div><${Mrkdwn} text=${a.text ?? a.fallback} /></div>`}
    ${a.fields && html`<div class="section-fields">${a.fields.map((f) => html`<div class=${f.short ? 'section-field' : 'section-field wide'}><strong>${f.title}</strong><br /><${Mrkdwn} text=${f.value} /></div>`)}</div>`}
    ${a.image_url && html`<figure class="block-image"><img src=${a.image_url} alt="" /></figure>`}
    ${a.footer && html`<div class="attachment-footer">${a.footer}</div>`}`;
}

/** All of a message below its author's name: text or blocks, then attachments. */
export function MessageBody({ message, channel }) {
  const target = { channel, message_ts: message.ts };
  // What a person typed comes twice, as text and as rich_text; the text says it all.
  const typed = !message.bot_id && message.text && (message.blocks ?? []).every((block) => block.type === 'rich_text');
  const blocks = typed ? [] : (message.blocks ?? []);
  const surface = useSurface(blocks, target);
  return html`<div class="message-body">
    ${blocks.length
      ? html`<${Blocks} blocks=${blocks} surface=${surface} />`
      : message.text && html`<div class="message-text"><${Mrkdwn} text=${message.text} />${message.edited && html`<span class="edited">(edited)</span>`}</div>`}
    ${(message.attachments ?? []).map((attachment, i) => html`<${Attachment} key=${i} attachment=${attachment} target=${target} />`)}
  </div>`;
}
