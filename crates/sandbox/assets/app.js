// A Slack workspace in a box: draws what the sandbox holds and sends back what people do.
import { ChannelPane, ThreadPane } from './channel.js';
import { DialogHost } from './dialog.js';
import { cls, html, render, useEffect } from './html.js';
import { JiraPane } from './jira.js';
import { ModalHost } from './modal.js';
import { SalesforcePane } from './salesforce.js';
import { ShortcutPane } from './shortcut.js';
import { Rail, Sidebar } from './sidebar.js';
import { channelById, channelLabel, start, useStore } from './state.js';
import { Topbar } from './topbar.js';
import { followAddress, isBoardOpen, settle, ui } from './ui.js';
import { ZendeskPane } from './zendesk.js';

const BOARDS = { jira: JiraPane, shortcut: ShortcutPane, zendesk: ZendeskPane, salesforce: SalesforcePane };

function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">${ui.toasts.map((toast) => html`<div class="toast" key=${toast.id} data-testid="toast">${toast.text}</div>`)}</div>`;
}

function App() {
  const store = useStore();
  settle();
  const team = store.data?.team.name;
  const channel = ui.me ? channelById(ui.channelOf[ui.me]) : null;
  useEffect(() => {
    if (team) document.title = `${channel ? `${channelLabel(channel, ui.me)} – ` : ''}${team} – Deskbell sandbox`;
  }, [team, channel]);
  useEffect(() => {
    if (!store.data || !ui.me) return undefined;
    followAddress();
    addEventListener('hashchange', followAddress);
    return () => removeEventListener('hashchange', followAddress);
  }, [Boolean(store.data && ui.me)]);
  if (!store.data) return html`<div class="loading" role="status">${store.error ?? 'Opening the workspace…'}</div>`;
  if (!ui.me) return html`<div class="loading" role="status">This workspace has no people to act as.</div>`;
  const Board = BOARDS[Object.keys(BOARDS).find((board) => store.data[board] && isBoardOpen(board))];
  return html`<div class=${cls('app', ui.thread && 'has-thread', Board && 'has-jira', ui.jiraWide && 'jira-wide')} data-testid="app" data-me=${ui.me}>
    <${Topbar} />
    <${Rail} />
    <div class="window">
      <${Sidebar} />
      <${ChannelPane} />
      ${ui.thread && html`<${ThreadPane} key=${ui.thread.ts} />`}
    </div>
    ${Board && html`<${Board} />`}
    <${ModalHost} />
    <${DialogHost} />
    <${Toasts} />
    ${!store.connected && html`<div class="offline" role="status">Reconnecting to the sandbox…</div>`}
  </div>`;
}

render(html`<${App} />`, document.getElementById('root'));
start();
