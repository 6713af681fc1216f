// Salesforce beside the workspace: accounts and cases, and one of either with all that belongs to it.
import { cls, html, useState } from './html.js';
import { IconButton } from './icons.js';
import { Assignee, PlainWithLinks, useFlash, when } from './jira.js';
import { store } from './state.js';
import { showRecord, toggleBoard, ui, widenJira } from './ui.js';

const money = (amount) => (amount === null || amount === undefined ? '' : amount.toLocaleString('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: 0 }));

const Tier = ({ tier }) => (tier ? html`<span class=${`salesforce-tier salesforce-${tier.toLowerCase()}`} data-testid="salesforce-tier">${tier}</span>` : null);
const Status = ({ status }) => html`<span class=${`salesforce-status salesforce-${status.toLowerCase()}`} data-testid="salesforce-status">${status}</span>`;

function AccountRow({ account }) {
  return html`<button type="button" class="salesforce-row" data-testid="salesforce-account" data-id=${account.id} onClick=${() => showRecord(account.id)}>
    <span class="salesforce-name">${account.name}<small>${[account.industry, account.owner].filter(Boolean).join(' · ')}</small></span>
    ${account.open_cases > 0 && html`<span class="salesforce-count" title="Open cases">${account.open_cases} open</span>`}
    <${Tier} tier=${account.tier} />
  </button>`;
}

function CaseRow({ record }) {
  const flash = useFlash(record.id, `${record.status} ${record.priority} ${record.comments.length} ${record.tasks.length}`, record.created);
  return html`<button type="button" class=${cls('salesforce-row', flash && 'flash')} data-testid="salesforce-case" data-id=${record.id} data-number=${record.number} onClick=${() => showRecord(record.id)}>
    <span class="salesforce-name">${record.subject || 'No subject'}<small>${[record.number, record.account, record.external_id].filter(Boolean).join(' · ')}</small></span>
    ${record.priority === 'High' && html`<span class="salesforce-count">High</span>`}
    <${Status} status=${record.status} />
  </button>`;
}

function Lists({ salesforce }) {
  const [shown, setShown] = useState('accounts');
  const open = salesforce.cases.filter((record) => record.status !== 'Closed').length;
  const tab = (name, label) => html`<button type="button" role="tab" aria-selected=${shown === name} class=${cls('salesforce-tab', shown === name && 'active')} data-testid=${`salesforce-${name}`} onClick=${() => setShown(name)}>${label}</button>`;
  return html`
    <div class="salesforce-tabs" role="tablist">${tab('accounts', `Accounts (${salesforce.accounts.length})`)}${tab('cases', `Cases (${open} open)`)}</div>
    <div class="salesforce-list">${shown === 'accounts'
      ? salesforce.accounts.map((account) => html`<${AccountRow} key=${account.id} account=${account} />`)
      : [...salesforce.cases].reverse().map((record) => html`<${CaseRow} key=${record.id} record=${record} />`)}</div>`;
}

const Crumbs = ({ what, name }) => html`<nav class="jira-crumbs"><button type="button" onClick=${() => showRecord(null)} data-testid="salesforce-back">← All</button><span>/ ${what} /</span><strong>${name}</strong></nav>`;

const Tasks = ({ tasks }) => html`<h3>Tasks <small>${tasks.length}</small></h3>
  ${tasks.map((task) => html`<div class="salesforce-task" data-testid="salesforce-task" key=${task.id}><i class=${cls('salesforce-check', task.status === 'Completed' && 'done')} title=${task.status}></i>
    <div><div class="jira-comment-head"><strong>${task.subject}</strong> <time>${task.author}, ${when(task.created)}</time></div><div class="jira-text"><${PlainWithLinks} text=${task.text} /></div></div></div>`)}`;

function Account({ account, salesforce }) {
  const cases = salesforce.cases.filter((record) => record.account_id === account.id).reverse();
  return html`<article class="jira-issue" data-testid="salesforce-open" data-id=${account.id}>
    <${Crumbs} what="Account" name=${account.name} />
    <h2>${account.name} <${Tier} tier=${account.tier} /></h2>
    <dl class="jira-details">
      <dt>Owner</dt><dd>${account.owner}</dd>
      <dt>Industry</dt><dd>${account.industry || 'Unknown'}</dd>
      <dt>Website</dt><dd>${account.website || 'None'}</dd>
      <dt>Entitled to</dt><dd>${account.entitlements.filter((one) => one.status === 'Active').map((one) => `${one.name} until ${one.ends}`).join(', ') || 'Nothing'}</dd>
    </dl>
    <h3>Contacts <small>${account.contacts.length}</small></h3>
    ${account.contacts.map((contact) => html`<div class="salesforce-line"><${Assignee} assignee=${contact.name} /><span>${contact.name}<small>${[contact.title, contact.email].filter(Boolean).join(' · ')}</small></span></div>`)}
    <h3>Opportunities <small>${account.opportunities.length}</small></h3>
    ${account.opportunities.map((sale) => html`<div class="salesforce-line"><span>${sale.name}<small>${sale.stage}, closes ${sale.closes}</small></span><strong>${money(sale.amount)}</strong></div>`)}
    <h3>Cases <small>${cases.length}</small></h3>
    ${cases.map((record) => html`<${CaseRow} key=${record.id} record=${record} />`)}
    <${Tasks} tasks=${account.tasks} />
  </article>`;
}

function Comment({ comment }) {
  return html`<div class=${cls('salesforce-comment', !comment.public && 'internal')} data-testid="salesforce-comment"><${Assignee} assignee=${comment.author} size=${28} />
    <div><div class="jira-comment-head"><strong>${comment.author}</strong> <time>${when(comment.created)}${comment.public ? ', public' : ''}</time></div><div class="jira-text"><${PlainWithLinks} text=${comment.text} /></div></div></div>`;
}

function Case({ record }) {
  return html`<article class="jira-issue" data-testid="salesforce-open" data-id=${record.id}>
    <${Crumbs} what="Case" name=${record.number} />
    <h2>${record.subject || 'No subject'}</h2>
    <${Status} status=${record.status} />
    <dl class="jira-details">
      <dt>Account</dt><dd>${record.account ? html`<button type="button" class="salesforce-link" onClick=${() => showRecord(record.account_id)}>${record.account}</button>` : 'None'}</dd>
      <dt>Contact</dt><dd>${record.contact || 'None'}</dd>
      <dt>Owner</dt><dd>${record.owner}</dd>
      <dt>Priority</dt><dd>${record.priority}</dd>
      ${record.external_id && html`<dt>Deskbell id</dt><dd>${record.external_id}</dd>`}
    </dl>
    ${record.description && html`<h3>Description</h3><div class="jira-text"><${PlainWithLinks} text=${record.description} /></div>`}
    <h3>Comments <small>${record.comments.length}</small></h3>
    ${record.comments.map((comment) => html`<${Comment} comment=${comment} />`)}
    <${Tasks} tasks=${record.tasks} />
  </article>`;
}

export function SalesforcePane() {
  const { salesforce } = store.data;
  const account = salesforce.accounts.find((candidate) => candidate.id === ui.record);
  const record = salesforce.cases.find((candidate) => candidate.id === ui.record);
  return html`<aside class=${cls('pane jira-pane salesforce-pane', ui.jiraWide && 'wide')} aria-label="Salesforce" data-testid="salesforce">
    <header class="jira-head"><svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M6.500 18a4 4 0 0 1-1.200-7.800A5 5 0 0 1 14 7.200a4.400 4.400 0 0 1 6 4.100A3.600 3.600 0 0 1 18.500 18z" fill="#0d9dda" /></svg>
      <strong>Salesforce</strong><span class="jira-sub">Service</span><span class="jira-space"></span>
      <${IconButton} icon="expand" label=${ui.jiraWide ? 'Narrow' : 'Widen'} size=${16} onClick=${widenJira} />
      <${IconButton} icon="close" label="Hide Salesforce" size=${16} onClick=${() => toggleBoard('salesforce', false)} /></header>
    ${account ? html`<${Account} account=${account} salesforce=${salesforce} />` : record ? html`<${Case} record=${record} />` : html`<${Lists} salesforce=${salesforce} />`}
  </aside>`;
}
