// The left side: the rail, and the list of channels, direct messages and apps.
import { Avatar } from './avatar.js';
import { cls, html, useState } from './html.js';
import { ChannelSign, Icon } from './icons.js';
import { Menu, usePopover } from './popover.js';
import { channelLabel, channelsOf, isDirect, nameOf, partnerIn, store, userById } from './state.js';
import { actAs, isBoardOpen, openChannel, people, setRail, toggleBoard, toggleJira, ui, unreadOf } from './ui.js';

/** The menu of people to act as, with what waits for each of them. */
export function PeopleMenu({ anchor, onClose, above }) {
  const waiting = (user) => channelsOf(user.id).reduce((sum, channel) => sum + unreadOf(channel, user.id).urgent, 0);
  const items = people().map((user) => ({
    label: nameOf(user), note: ` ${user.title ?? ''}`, testid: 'person', user: user.id,
    icon: html`<${Avatar} user=${user} size=${28} />`,
    hint: user.id === ui.me ? '✓' : waiting(user) ? html`<span class="badge">${waiting(user)}</span>` : null,
    onPick: () => actAs(user.id),
  }));
  return html`<${Menu} anchor=${anchor} onClose=${onClose} above=${above} align=${above ? 'start' : 'end'} label="Act as" items=${items}
    header=${html`<div class="menu-title">Act as…<small>You can be anyone in this sandbox</small></div>`} />`;
}

function RailButton({ icon, label, active, onClick, badge, testid }) {
  return html`<button type="button" class=${cls('rail-button', active && 'active')} aria-pressed=${active} data-testid=${testid} onClick=${onClick}>
    <span class="rail-icon"><${Icon} name=${icon} size=${20} />${badge > 0 && html`<span class="badge rail-badge">${badge}</span>`}</span>
    <span class="rail-label">${label}</span>
  </button>`;
}

export function Rail() {
  const [anchor, toggle, close] = usePopover();
  const direct = channelsOf(ui.me).filter(isDirect).reduce((sum, channel) => sum + unreadOf(channel).count, 0);
  return html`<nav class="rail" aria-label="Workspace">
    <div class="workspace-mark" title=${store.data.team.name} aria-hidden="true">${store.data.team.name.slice(0, 1)}</div>
    <${RailButton} icon="home" label="Home" active=${ui.rail === 'home'} onClick=${() => setRail('home')} />
    <${RailButton} icon="chats" label="DMs" active=${ui.rail === 'dms'} badge=${direct} onClick=${() => setRail('dms')} testid="rail-dms" />
    ${store.data.jira && html`<${RailButton} icon="board" label="Jira" active=${isBoardOpen('jira')} onClick=${() => toggleJira()} testid="rail-jira" />`}
    ${store.data.shortcut && html`<${RailButton} icon="bolt" label="Shortcut" active=${isBoardOpen('shortcut')} onClick=${() => toggleBoard('shortcut')} testid="rail-shortcut" />`}
    ${store.data.zendesk && html`<${RailButton} icon="chats" label="Zendesk" active=${isBoardOpen('zendesk')} onClick=${() => toggleBoard('zendesk')} testid="rail-zendesk" />`}
    ${store.data.salesforce && html`<${RailButton} icon="people" label="Salesforce" active=${isBoardOpen('salesforce')} onClick=${() => toggleBoard('salesforce')} testid="rail-salesforce" />`}
    <span class="rail-space"></span>
    <button type="button" class="rail-me" aria-label=${`Acting as ${nameOf(userById(ui.me))}. Change`} aria-haspopup="menu" data-testid="act-as-rail" onClick=${toggle}>
      <${Avatar} user=${userById(ui.me)} size=${36} presence=${true} />
    </button>
    ${anchor && html`<${PeopleMenu} anchor=${anchor} onClose=${close} above=${true} />`}
  </nav>`;
}

function Row({ channel, sign }) {
  const { count, urgent } = unreadOf(channel);
  const active = ui.channelOf[ui.me] === channel.id;
  const label = channelLabel(channel, ui.me);
  const unread = count > 0 && !active;
  return html`<button type="button" class=${cls('row', active && 'active', unread && 'unread')} aria-current=${active ? 'page' : undefined}
    data-testid="channel-row" data-channel=${channel.id} data-name=${label} onClick=${() => openChannel(channel.id)}>
    <span class="row-sign">${sign}</span><span class="row-name">${label}</span>
    ${channel.is_ext_shared && html`<span class="row-shared" title="Shared with another organisation">◈</span>`}
    ${unread && html`<span class=${urgent ? 'badge' : 'badge badge-quiet'} aria-label=${`${count} unread`}>${urgent || count}</span>`}
  </button>`;
}

function Group({ title, channels, sign }) {
  const [open, setOpen] = useState(true);
  const shown = channels.filter((channel) => open || channel.id === ui.channelOf[ui.me] || unreadOf(channel).count > 0);
  if (!channels.length) return null;
  return html`<section class="group">
    <button type="button" class="group-title" aria-expanded=${open} onClick=${() => setOpen(!open)}><span class=${cls('group-caret', !open && 'closed')}><${Icon} name="caret" size=${16} /></span>${title}</button>
    ${shown.map((channel) => html`<${Row} key=${channel.id} channel=${channel} sign=${sign(channel)} />`)}
  </section>`;
}

export function Sidebar() {
  const mine = channelsOf(ui.me);
  const direct = mine.filter(isDirect);
  const isApp = (channel) => partnerIn(channel, ui.me)?.is_bot;
  const face = (channel) => html`<${Avatar} user=${partnerIn(channel, ui.me)} size=${20} presence=${!isApp(channel)} />`;
  const byName = (a, b) => a.name.localeCompare(b.name);
  return html`<aside class="sidebar" aria-label="Channels and direct messages">
    <header class="sidebar-head"><h1>${store.data.team.name}</h1><span class="sandbox-chip" title="Nothing here leaves this computer">Sandbox</span></header>
    <div class="sidebar-scroll">
      ${ui.rail === 'home' && html`
        <${Group} title="Channels" channels=${mine.filter((c) => !isDirect(c) && !c.is_ext_shared).sort(byName)} sign=${(c) => html`<${ChannelSign} channel=${c} />`} />
        <${Group} title="External connections" channels=${mine.filter((c) => !isDirect(c) && c.is_ext_shared).sort(byName)} sign=${(c) => html`<${ChannelSign} channel=${c} />`} />`}
      <${Group} title="Direct messages" channels=${direct.filter((c) => !isApp(c))} sign=${face} />
      <${Group} title="Apps" channels=${direct.filter(isApp)} sign=${face} />
    </div>
    <footer class="sidebar-foot">A Slack look-alike by <strong>Deskbell</strong> for trying things out. Not Slack.</footer>
  </aside>`;
}
