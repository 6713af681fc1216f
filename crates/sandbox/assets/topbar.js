// The bar across the top: search, who one acts as, and the note that this is a sandbox.
import { Avatar } from './avatar.js';
import { clock } from './entities.js';
import { cls, html, useState } from './html.js';
import { Icon } from './icons.js';
import { authorOf } from './message.js';
import { plainOf } from './mrkdwn.js';
import { Popover, usePopover } from './popover.js';
import { PeopleMenu } from './sidebar.js';
import { channelLabel, channelsOf, dateOf, isDirect, nameOf, store, userById, visibleMessages } from './state.js';
import { jumpTo, ui } from './ui.js';

const MAX_HITS = 12;
const nameOfId = (id) => nameOf(userById(id));

function findMessages(query) {
  const wanted = query.toLowerCase();
  return channelsOf(ui.me)
    .flatMap((channel) => visibleMessages(channel.id, ui.me).map((message) => ({ channel, message, text: plainOf(message.text, nameOfId) })))
    .filter(({ text }) => text.toLowerCase().includes(wanted))
    .sort((a, b) => (a.message.ts < b.message.ts ? 1 : -1))
    .slice(0, MAX_HITS);
}

function Search() {
  const [query, setQuery] = useState('');
  const [anchor, setAnchor] = useState(null);
  const close = () => setAnchor(null);
  const hits = anchor && query.trim().length > 1 ? findMessages(query.trim()) : null;
  const go = ({ channel, message }) => {
    close();
    setQuery('');
    jumpTo(channel.id, message.ts, message.thread_ts);
  };
  // Enter is the search's own: it opens the newest hit, and nothing that is being written elsewhere goes off.
  const onKey = (event) => {
    if (event.isComposing || event.key !== 'Enter') return;
    event.preventDefault();
    event.stopPropagation();
    if (hits?.length) go(hits[0]);
  };
  return html`<div class="search">
    <label class="search-box"><${Icon} name="search" size=${15} />
      <input value=${query} placeholder=${`Search ${store.data.team.name}`} aria-label="Search messages" data-testid="search" onKeyDown=${onKey} onInput=${(e) => { setQuery(e.target.value); setAnchor(e.target.parentElement); }} onFocus=${(e) => setAnchor(e.target.parentElement)} /></label>
    ${hits && html`<${Popover} anchor=${anchor} onClose=${close} matchWidth=${true} label="Search results" className="search-hits">
      ${hits.map((hit) => html`<button type="button" class="search-hit" onClick=${() => go(hit)}>
        <span class="search-where">${isDirect(hit.channel) ? '' : '#'}${channelLabel(hit.channel, ui.me)} · ${authorOf(hit.message).name} · ${clock(dateOf(hit.message.ts))}</span><span class="search-text">${hit.text}</span></button>`)}
      ${!hits.length && html`<p class="picker-none">Nothing found</p>`}
    </${Popover}>`}
  </div>`;
}

/** What went between Slack and the app, newest first; for those who want to see the wire. */
function Wire({ anchor, onClose }) {
  return html`<${Popover} anchor=${anchor} onClose=${onClose} align="end" label="About this sandbox" className="wire">
    <h3>Deskbell sandbox</h3>
    <p>A Slack workspace with Jira, Shortcut, Zendesk and Salesforce in a box, on this computer only. Deskbell talks to them over the same signed HTTP requests as to the real ones.</p>
    <h4>Latest deliveries to Deskbell</h4>
    <ol class="wire-list">${[...store.deliveries].reverse().map((delivery) => html`<li class=${cls(failed(delivery) && 'failed')}>
      <time>${delivery.at.toLocaleTimeString('en-GB')}</time> <code>${summary(delivery)}</code></li>`)}
      ${!store.deliveries.length && html`<li class="wire-none">None since this page was opened</li>`}</ol>
  </${Popover}>`;
}

const failed = (delivery) => Boolean(delivery.error) || Number(delivery.status ?? 200) >= 400;

/** One attempt in words: "message → events 200, 3.1 ms, retry 1". */
function summary({ what, target, status, error, retry, latency_micros: micros }) {
  const took = micros === undefined || micros === null ? '' : `, ${(micros / 1000).toFixed(1)} ms`;
  return `${what ?? 'delivery'} → ${target ?? 'app'} ${error ?? status ?? ''}${took}${retry ? `, retry ${retry}` : ''}`;
}

export function Topbar() {
  const [anchor, toggle, close] = usePopover();
  const [wireAnchor, toggleWire, closeWire] = usePopover();
  const me = userById(ui.me);
  return html`<header class="topbar">
    <span class="topbar-left"></span>
    <${Search} />
    <span class="topbar-right">
      <button type="button" class="wire-button" data-testid="about" onClick=${toggleWire}><i class=${cls('live', !store.connected && 'live-off')}></i>Sandbox by Deskbell</button>
      <button type="button" class="act-as" aria-haspopup="menu" data-testid="act-as" data-user=${ui.me} onClick=${toggle}><span class="act-as-hint">Acting as</span><${Avatar} user=${me} size=${22} /><strong>${nameOf(me)}</strong><${Icon} name="caret" size=${14} /></button>
    </span>
    ${anchor && html`<${PeopleMenu} anchor=${anchor} onClose=${close} />`}
    ${wireAnchor && html`<${Wire} anchor=${wireAnchor} onClose=${closeWire} />`}
  </header>`;
}
