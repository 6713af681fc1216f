// Zendesk beside the workspace: queues with their load, the tickets, and one ticket's conversation.
import { cls, html, useState } from './html.js';
import { IconButton } from './icons.js';
import { store } from './state.js';
import { showTicket, toast, toggleBoard, ui, widenJira } from './ui.js';

const initials = (name) => (name ?? '').split(/\s+/).map((word) => word.slice(0, 1)).slice(0, 2).join('').toUpperCase();

const Status = ({ status }) => html`<span class=${`zendesk-status zendesk-${status}`} title=${status} data-testid="zendesk-status">${status}</span>`;

function Row({ ticket }) {
  return html`<button type="button" class="zendesk-row" data-testid="zendesk-ticket" data-id=${ticket.id} data-status=${ticket.status} onClick=${() => showTicket(ticket.id)}>
    <${Status} status=${ticket.status} />
    <span class="zendesk-subject">${ticket.subject || 'No subject'}<small>#${ticket.id} · ${ticket.requester}${ticket.group ? ` · ${ticket.group}` : ''}</small></span>
    ${ticket.priority && html`<span class="zendesk-priority">${ticket.priority}</span>`}
  </button>`;
}

/** What a customer does: the account's webhook tells Deskbell. */
function Ask() {
  const [subject, setSubject] = useState('');
  const [text, setText] = useState('');
  const ask = async (event) => {
    event.preventDefault();
    const body = JSON.stringify({ name: 'Ivy Cole', email: 'ivy@customer.example', subject, text });
    const answer = await fetch('/zendesk/sandbox-ask', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (!answer.ok) return toast('Zendesk refused the ticket');
    setSubject('');
    setText('');
    return undefined;
  };
  return html`<form class="zendesk-ask" onSubmit=${ask}>
    <input aria-label="Subject" placeholder="Write in as Ivy Cole, a customer: subject" required value=${subject} onInput=${(e) => setSubject(e.target.value)} data-testid="zendesk-subject" />
    <textarea aria-label="Message" placeholder="What is wrong?" rows="2" required value=${text} onInput=${(e) => setText(e.target.value)} data-testid="zendesk-text"></textarea>
    <button type="submit" data-testid="zendesk-ask">Send</button>
  </form>`;
}

function Tickets({ zendesk }) {
  return html`
    <div class="zendesk-queues" role="group" aria-label="Queues">${zendesk.queues.map((queue) => html`<span class="zendesk-queue" data-testid="zendesk-queue"><strong>${queue.tickets}</strong> ${queue.title}</span>`)}</div>
    <${Ask} />
    <div class="zendesk-list">${[...zendesk.tickets].reverse().map((ticket) => html`<${Row} key=${ticket.id} ticket=${ticket} />`)}
      ${zendesk.tickets.length === 0 && html`<p class="jira-none">No tickets yet</p>`}</div>`;
}

function Comment({ comment }) {
  const kind = comment.public ? 'Public' : 'Internal note';
  return html`<div class=${cls('zendesk-comment', !comment.public && 'internal')} data-testid="zendesk-comment" data-public=${String(comment.public)}>
    <span class="zendesk-avatar" aria-hidden="true">${initials(comment.author)}</span>
    <div><div class="jira-comment-head"><strong>${comment.author}</strong> <small>${kind}</small></div><div class="jira-text">${comment.text}</div></div>
  </div>`;
}

function Ticket({ ticket }) {
  return html`<article class="jira-issue" data-testid="zendesk-open" data-id=${ticket.id}>
    <nav class="jira-crumbs"><button type="button" onClick=${() => showTicket(null)} data-testid="zendesk-back">← Tickets</button><span>/</span><strong>#${ticket.id}</strong></nav>
    <h2>${ticket.subject || 'No subject'}</h2>
    <${Status} status=${ticket.status} />
    <dl class="jira-details">
      <dt>Requester</dt><dd>${ticket.requester}</dd>
      <dt>Assignee</dt><dd>${[ticket.group, ticket.assignee].filter(Boolean).join(' / ') || 'Nobody'}</dd>
      <dt>Priority</dt><dd>${ticket.priority ?? 'None'}</dd>
      <dt>Tags</dt><dd>${ticket.tags.join(', ') || 'None'}</dd>
    </dl>
    <h3>Conversation <small>${ticket.comments.length}</small></h3>
    ${ticket.comments.map((comment) => html`<${Comment} comment=${comment} />`)}
  </article>`;
}

export function ZendeskPane() {
  const { zendesk } = store.data;
  const ticket = zendesk.tickets.find((candidate) => candidate.id === ui.ticket);
  return html`<aside class=${cls('pane jira-pane zendesk-pane', ui.jiraWide && 'wide')} aria-label="Zendesk" data-testid="zendesk">
    <header class="jira-head"><svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M11 9v11H2zM11 4a4.500 4.500 0 0 1-9 0zM13 20a4.500 4.500 0 0 1 9 0zM13 15V4h9z" fill="#03363d" /></svg>
      <strong>Zendesk</strong><span class="jira-sub">Tickets</span><span class="jira-space"></span>
      <${IconButton} icon="expand" label=${ui.jiraWide ? 'Narrow' : 'Widen'} size=${16} onClick=${widenJira} />
      <${IconButton} icon="close" label="Hide Zendesk" size=${16} onClick=${() => toggleBoard('zendesk', false)} /></header>
    ${ticket ? html`<${Ticket} ticket=${ticket} />` : html`<${Tickets} zendesk=${zendesk} />`}
  </aside>`;
}
