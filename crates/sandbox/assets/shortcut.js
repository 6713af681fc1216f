// Shortcut beside the workspace: a workflow's states with their stories, and one story's page.
import { cls, html, useState } from './html.js';
import { Icon, IconButton } from './icons.js';
import { Assignee, PlainWithLinks, useFlash, when } from './jira.js';
import { store } from './state.js';
import { showStory, toast, toggleBoard, ui, widenJira } from './ui.js';

const TYPES = {
  feature: ['#edb40d', 'M8 3.500l1.400 3 3.100.4-2.300 2.200.6 3.200L8 10.700l-2.800 1.600.6-3.200-2.300-2.200 3.100-.4z'],
  bug: ['#ca2621', 'M8 4.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7z'],
  chore: ['#4694cc', 'M4.500 4.500h7v7h-7z'],
};

function TypeIcon({ type }) {
  const [colour, path] = TYPES[type] ?? TYPES.feature;
  return html`<svg class="jira-type" viewBox="0 0 16 16" role="img" aria-label=${type}><title>${type}</title><path d=${path} fill=${colour} /></svg>`;
}

const Labels = ({ labels }) => html`<span class="jira-labels">${labels.map((label) => html`<span class="shortcut-label">${label}</span>`)}</span>`;

async function post(path, body, refused) {
  const answer = await fetch(`/shortcut/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) toast(refused);
  return answer.ok;
}

function Card({ story }) {
  const flash = useFlash(`sc-${story.id}`, `${story.state} ${story.owners.join()} ${story.comments.length}`, story.created);
  return html`<button type="button" class=${cls('jira-card', flash && 'flash')} data-testid="shortcut-card" data-id=${story.id} data-state=${story.state} onClick=${() => showStory(story.id)}>
    <span class="jira-summary">${story.name}</span>
    <${Labels} labels=${story.labels} />
    <span class="jira-card-foot"><${TypeIcon} type=${story.story_type} /><span class="jira-key">sc-${story.id}</span>
      ${story.comments.length > 0 && html`<span class="jira-comments" title=${`${story.comments.length} comments`}><${Icon} name="reply" size=${13} />${story.comments.length}</span>`}
      <span class="jira-space"></span>${story.owners.map((owner) => html`<${Assignee} assignee=${owner} />`)}</span>
  </button>`;
}

/** What somebody adds by hand; Deskbell's stories come through the API. */
function Add({ workflow }) {
  const [name, setName] = useState('');
  const add = async (event) => {
    event.preventDefault();
    if (await post('sandbox-add', { name, workflow }, 'Shortcut refused the story')) setName('');
  };
  return html`<form class="shortcut-add" onSubmit=${add}>
    <input aria-label="Name of a new story" placeholder="Add a story as a colleague" required value=${name} onInput=${(e) => setName(e.target.value)} data-testid="shortcut-name" />
    <button type="submit" data-testid="shortcut-add">Add</button>
  </form>`;
}

function Board({ shortcut }) {
  const [chosen, setChosen] = useState(shortcut.workflows[0]?.name);
  const workflow = shortcut.workflows.find((candidate) => candidate.name === chosen) ?? shortcut.workflows[0];
  const stories = shortcut.stories.filter((story) => story.workflow === workflow.name);
  return html`
    <div class="jira-tools" role="group" aria-label="Workflows">
      ${shortcut.workflows.map(({ name }) => html`<button type="button" class=${cls('jira-filter shortcut-filter', name === workflow.name && 'active')} aria-pressed=${name === workflow.name} onClick=${() => setChosen(name)}>${name}</button>`)}
      <span class="jira-total">${stories.length} ${stories.length === 1 ? 'story' : 'stories'}</span>
    </div>
    <${Add} workflow=${workflow.name} />
    <div class="shortcut-states">${workflow.states.map((state) => {
      const within = stories.filter((story) => story.state === state).reverse();
      return html`<section class="shortcut-state" key=${state} aria-label=${state} data-testid="shortcut-state" data-state=${state}>
        <h3>${state} <span>${within.length}</span></h3>
        ${within.map((story) => html`<${Card} key=${story.id} story=${story} />`)}
      </section>`;
    })}</div>`;
}

function Story({ story, shortcut }) {
  const states = shortcut.workflows.find((workflow) => workflow.name === story.workflow)?.states ?? [];
  const move = (event) => post('sandbox-move', { id: story.id, state: event.target.value }, 'Shortcut refused the move');
  return html`<article class="jira-issue" data-testid="shortcut-story" data-id=${story.id}>
    <nav class="jira-crumbs"><button type="button" onClick=${() => showStory(null)} data-testid="shortcut-back">← Stories</button><span>/</span><${TypeIcon} type=${story.story_type} /><strong>sc-${story.id}</strong></nav>
    <h2>${story.name}</h2>
    <select class="shortcut-move" aria-label="State" value=${story.state} onChange=${move} data-testid="shortcut-move">${states.map((state) => html`<option value=${state} selected=${state === story.state}>${state}</option>`)}</select>
    <dl class="jira-details">
      <dt>Owners</dt><dd>${story.owners.join(', ') || 'Nobody'}</dd>
      <dt>Type</dt><dd>${story.story_type}</dd>
      <dt>Labels</dt><dd>${story.labels.length ? html`<${Labels} labels=${story.labels} />` : 'None'}</dd>
      <dt>Links</dt><dd class="jira-text">${story.external_links.length ? story.external_links.map((link) => html`<div><${PlainWithLinks} text=${link} /></div>`) : 'None'}</dd>
    </dl>
    <h3>Description</h3>
    <div class="jira-text">${story.description ? html`<${PlainWithLinks} text=${story.description} />` : 'No description'}</div>
    <h3>Comments <small>${story.comments.length}</small></h3>
    ${story.comments.map((comment) => html`<div class="jira-comment" data-testid="shortcut-comment"><${Assignee} assignee=${comment.author} size=${28} />
      <div><div class="jira-comment-head"><strong>${comment.author}</strong> <time>${when(comment.created)}</time></div><div class="jira-text"><${PlainWithLinks} text=${comment.text} /></div></div></div>`)}
  </article>`;
}

export function ShortcutPane() {
  const { shortcut } = store.data;
  const story = shortcut.stories.find((candidate) => candidate.id === ui.story);
  return html`<aside class=${cls('pane jira-pane shortcut-pane', ui.jiraWide && 'wide')} aria-label="Shortcut" data-testid="shortcut">
    <header class="jira-head"><svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><rect width="24" height="24" rx="6" fill="#494baf" /><path d="M6 7.500h12M6 12h8M6 16.500h5" stroke="#fff" stroke-width="2.200" stroke-linecap="round" fill="none" /></svg>
      <strong>Shortcut</strong><span class="jira-sub">Stories</span><span class="jira-space"></span>
      <${IconButton} icon="expand" label=${ui.jiraWide ? 'Narrow' : 'Widen'} size=${16} onClick=${widenJira} />
      <${IconButton} icon="close" label="Hide Shortcut" size=${16} onClick=${() => toggleBoard('shortcut', false)} /></header>
    ${story ? html`<${Story} story=${story} shortcut=${shortcut} />` : html`<${Board} shortcut=${shortcut} />`}
  </aside>`;
}
