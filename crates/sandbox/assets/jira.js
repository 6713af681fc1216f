// Jira's board beside the workspace: columns, cards, and one issue's page.
import { Document } from './adf.js';
import { clock } from './entities.js';
import { cls, html, useEffect, useState } from './html.js';
import { Icon, IconButton } from './icons.js';
import { store } from './state.js';
import { followInside, showIssue, toggleJira, ui, widenJira } from './ui.js';

const FLASH_MS = 2500;
const TYPES = {
  bug: ['#e5493a', 'M8 4.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7z'],
  story: ['#63ba3c', 'M5 3.500h6v9L8 10l-3 2.500z'],
  task: ['#4bade8', 'M4.500 8.300L7 10.800l4.500-5'],
  incident: ['#ff5630', 'M8 3.500L13 12H3z'],
  epic: ['#904ee2', 'M9 3L5 9h3l-1 4 4-6H8z'],
};
const PRIORITIES = {
  highest: ['#cd1317', 'M4 8.500l4-4 4 4M4 12.500l4-4 4 4'],
  high: ['#e9494a', 'M4 10l4-4 4 4'],
  medium: ['#e97f33', 'M4 6.500h8M4 9.500h8'],
  low: ['#2d8738', 'M4 6l4 4 4-4'],
  lowest: ['#57a55a', 'M4 4l4 4 4-4M4 8l4 4 4-4'],
};
const COLUMN_TONES = { 'To Do': 'todo', 'In Progress': 'progress', 'In Review': 'progress', Done: 'done' };

const nameOf = (thing) => (typeof thing === 'string' ? thing : (thing?.name ?? thing?.displayName ?? thing?.value ?? ''));

function TypeIcon({ type }) {
  const name = nameOf(type) || 'Task';
  const [colour, path] = TYPES[name.toLowerCase()] ?? TYPES.task;
  const filled = !['task'].includes(name.toLowerCase()) && TYPES[name.toLowerCase()];
  return html`<svg class="jira-type" viewBox="0 0 16 16" role="img" aria-label=${name}><title>${name}</title><rect width="16" height="16" rx="2.500" fill=${colour} /><path d=${path} fill=${filled ? '#fff' : 'none'} stroke=${filled ? 'none' : '#fff'} stroke-width="1.800" /></svg>`;
}

function PriorityIcon({ priority }) {
  const name = nameOf(priority) || 'Medium';
  const [colour, path] = PRIORITIES[name.toLowerCase()] ?? PRIORITIES.medium;
  return html`<svg class="jira-priority" viewBox="0 0 16 16" role="img" aria-label=${`Priority ${name}`}><title>${`${name} priority`}</title><path d=${path} fill="none" stroke=${colour} stroke-width="2" stroke-linecap="round" stroke-linejoin="round" /></svg>`;
}

export function Assignee({ assignee, size = 24 }) {
  const name = nameOf(assignee);
  const initials = name.split(/\s+/).map((word) => word.slice(0, 1)).slice(0, 2).join('').toUpperCase();
  const hue = [...name].reduce((sum, char) => sum + char.codePointAt(0) * 7, 0) % 360;
  return html`<span class=${cls('jira-assignee', !name && 'nobody')} title=${name || 'Unassigned'} style=${{ width: `${size}px`, height: `${size}px`, background: name ? `hsl(${hue} 45% 42%)` : undefined }}>${initials || '?'}</span>`;
}

const Labels = ({ labels }) => html`<span class="jira-labels">${(labels ?? []).map((label) => html`<span class="jira-label">${label}</span>`)}</span>`;

const pageOpened = Date.now();
const prints = new Map(); // a card's key -> what it showed last; outlives the board, which is closed by an issue's page

/**
 * True for a moment after what a card shows changed, so that the eye finds what just happened. A card that is shown for the
 * first time is news unless it was `created` before the page was opened.
 */
export function useFlash(key, print, created) {
  const [flash, setFlash] = useState(false);
  useEffect(() => {
    const isOld = !prints.has(key) && Date.parse(created) < pageOpened;
    const isNews = prints.get(key) !== print && !isOld && Date.now() - pageOpened > FLASH_MS;
    prints.set(key, print);
    if (!isNews) return undefined;
    setFlash(true);
    const timer = setTimeout(() => setFlash(false), FLASH_MS);
    return () => clearTimeout(timer);
  }, [print]);
  return flash;
}

function Card({ issue }) {
  const flash = useFlash(issue.key, `${nameOf(issue.status)} ${nameOf(issue.assignee)} ${nameOf(issue.priority)} ${issue.comments?.length}`);
  return html`<button type="button" class=${cls('jira-card', flash && 'flash', ui.jiraIssue === issue.key && 'selected')} data-testid="jira-card" data-key=${issue.key} data-status=${nameOf(issue.status)} onClick=${() => showIssue(issue.key)}>
    <span class="jira-summary">${issue.summary}</span>
    <${Labels} labels=${issue.labels} />
    <span class="jira-card-foot"><${TypeIcon} type=${issue.issuetype} /><span class=${cls('jira-key', nameOf(issue.status) === 'Done' && 'jira-key-done')}>${issue.key}</span>
      ${issue.comments?.length > 0 && html`<span class="jira-comments" title=${`${issue.comments.length} comments`}><${Icon} name="reply" size=${13} />${issue.comments.length}</span>`}
      <span class="jira-space"></span><${PriorityIcon} priority=${issue.priority} /><${Assignee} assignee=${issue.assignee} /></span>
  </button>`;
}

function Board({ jira }) {
  const [project, setProject] = useState(null);
  const known = jira.columns.length ? jira.columns : ['To Do', 'In Progress', 'In Review', 'Done'];
  const issues = jira.issues.filter((issue) => !project || issue.key.startsWith(`${project}-`));
  const others = [...new Set(issues.map((issue) => nameOf(issue.status)))].filter((status) => !known.includes(status));
  return html`
    <div class="jira-tools" role="group" aria-label="Projects">
      ${[null, ...jira.projects.map((p) => p.key)].map((key) => html`<button type="button" class=${cls('jira-filter', project === key && 'active')} aria-pressed=${project === key} onClick=${() => setProject(key)} title=${jira.projects.find((p) => p.key === key)?.name ?? 'All projects'}>${key ?? 'All'}</button>`)}
      <span class="jira-total">${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}</span>
    </div>
    <div class="jira-columns">${[...known, ...others].map((column) => {
      const inColumn = issues.filter((issue) => nameOf(issue.status) === column).reverse();
      return html`<section class="jira-column" key=${column} aria-label=${column} data-testid="jira-column" data-column=${column}>
        <h3>${column} <span>${inColumn.length}</span>${column === 'Done' && html`<i class="jira-tick">✓</i>`}</h3>
        <div class="jira-cards">${inColumn.map((issue) => html`<${Card} key=${issue.key} issue=${issue} />`)}
          ${inColumn.length === 0 && html`<p class="jira-none">Nothing here</p>`}</div>
      </section>`;
    })}</div>`;
}

/** Plain text with links that can be followed, and line breaks kept by the style sheet. */
export function PlainWithLinks({ text }) {
  return (text ?? '').split(/(https?:\/\/[^\s)\]>]+)/).map((part, i) =>
    (i % 2 ? html`<a href=${part} target="_blank" rel="noopener noreferrer" onClick=${(e) => followInside(part) && e.preventDefault()}>${part}</a>` : part));
}

export const when = (created) => {
  const date = new Date(created);
  return Number.isNaN(date.getTime()) ? String(created ?? '') : `${date.toLocaleDateString('en-US', { month: 'short', day: 'numeric' })} at ${clock(date)}`;
};

function Issue({ issue, jira }) {
  const project = jira.projects.find((p) => issue.key.startsWith(`${p.key}-`));
  const status = nameOf(issue.status);
  return html`<article class="jira-issue" data-testid="jira-issue" data-key=${issue.key}>
    <nav class="jira-crumbs"><button type="button" onClick=${() => showIssue(null)} data-testid="jira-back">← Board</button><span>/ ${project?.name ?? ''} /</span><${TypeIcon} type=${issue.issuetype} /><strong>${issue.key}</strong></nav>
    <h2>${issue.summary}</h2>
    <span class=${`jira-status tone-${COLUMN_TONES[status] ?? 'progress'}`} data-testid="jira-status">${status}</span>
    <dl class="jira-details">
      <dt>Assignee</dt><dd><${Assignee} assignee=${issue.assignee} size=${22} /> ${nameOf(issue.assignee) || 'Unassigned'}</dd>
      <dt>Priority</dt><dd><${PriorityIcon} priority=${issue.priority} /> ${nameOf(issue.priority) || 'Medium'}</dd>
      <dt>Type</dt><dd>${nameOf(issue.issuetype)}</dd>
      <dt>Labels</dt><dd>${issue.labels?.length ? html`<${Labels} labels=${issue.labels} />` : 'None'}</dd>
    </dl>
    <h3>Description</h3>
    <div class="jira-text">${issue.description ? html`<${Document} document=${issue.document} />` : 'No description'}</div>
    <h3>Comments <small>${issue.comments?.length ?? 0}</small></h3>
    ${(issue.comments ?? []).map((comment) => html`<div class="jira-comment" data-testid="jira-comment"><${Assignee} assignee=${comment.author} size=${28} />
      <div><div class="jira-comment-head"><strong>${nameOf(comment.author)}</strong> <time>${when(comment.created)}</time></div><div class="jira-text"><${Document} document=${comment.document} /></div></div></div>`)}
  </article>`;
}

export function JiraPane() {
  const jira = store.data.jira;
  const issue = jira.issues.find((candidate) => candidate.key === ui.jiraIssue);
  return html`<aside class=${cls('pane jira-pane', ui.jiraWide && 'wide')} aria-label="Jira" data-testid="jira">
    <header class="jira-head"><svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M12 2l9.500 9.500a.8.8 0 0 1 0 1.100L12 22l-3.200-3.200L12 15.500 15.500 12 12 8.500 8.700 5.300z" fill="#2684ff" /><path d="M12 2L2.500 11.500a.8.8 0 0 0 0 1.100l6.300 6.200L12 15.500 8.500 12 12 8.500z" fill="#0052cc" /></svg>
      <strong>Jira</strong><span class="jira-sub">Support board</span><span class="jira-space"></span>
      <${IconButton} icon="expand" label=${ui.jiraWide ? 'Narrow' : 'Widen'} size=${16} testid="jira-widen" onClick=${widenJira} />
      <${IconButton} icon="close" label="Hide Jira" size=${16} onClick=${() => toggleJira(false)} /></header>
    ${issue ? html`<${Issue} issue=${issue} jira=${jira} />` : html`<${Board} jira=${jira} />`}
  </aside>`;
}
