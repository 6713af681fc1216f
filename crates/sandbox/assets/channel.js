// The middle: a channel's header, its messages, its composer; and the thread pane.
import { act } from './act.js';
import { Avatar } from './avatar.js';
import { Blocks } from './blocks.js';
import { Composer } from './composer.js';
import { dayLabel } from './entities.js';
import { cls, html, useEffect, useLayoutEffect, useRef, useState } from './html.js';
import { ChannelSign, Icon, IconButton } from './icons.js';
import { authorOf, Message } from './message.js';
import { plainOf } from './mrkdwn.js';
import { Menu, usePopover } from './popover.js';
import { channelById, channelLabel, dateOf, isDirect, isReply, nameOf, partnerIn, store, userById, visibleMessages } from './state.js';
import { useSurface } from './surface.js';
import { actAs, closeThread, currentChannel, markRead, ui } from './ui.js';

const GROUPING_SECONDS = 300;
const PAGE = 150;
const NEAR_BOTTOM_PX = 120;

const sameDay = (a, b) => dateOf(a.ts).toDateString() === dateOf(b.ts).toDateString();

/** Whether `message` follows `before` closely enough to go without its own author line. */
function continues(message, before) {
  if (!before || before.deleted || message.ephemeral_for || before.ephemeral_for || !sameDay(message, before)) return false;
  const same = authorOf(message).name === authorOf(before).name && message.user === before.user;
  return same && Number.parseFloat(message.ts) - Number.parseFloat(before.ts) < GROUPING_SECONDS;
}

/** Keeps a list at its end while new messages come, unless the reader has scrolled up. */
function useStickToBottom(key, count) {
  const ref = useRef(null);
  const stuck = useRef(true);
  const onScroll = () => {
    const el = ref.current;
    stuck.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_BOTTOM_PX;
  };
  useLayoutEffect(() => {
    stuck.current = true;
  }, [key]);
  useLayoutEffect(() => {
    const el = ref.current;
    const settle = () => {
      if (stuck.current && !ui.highlighted) el.scrollTop = el.scrollHeight;
    };
    settle();
    // Cards grow after they are drawn (images, updates of their blocks).
    const observer = new ResizeObserver(settle);
    if (el.firstElementChild) observer.observe(el.firstElementChild);
    return () => observer.disconnect();
  }, [key, count]);
  return { ref, onScroll };
}

function DayDivider({ ts }) {
  return html`<div class="day" role="separator"><span>${dayLabel(dateOf(ts))}</span></div>`;
}

function Intro({ channel }) {
  const label = channelLabel(channel, ui.me);
  if (isDirect(channel)) {
    const partner = partnerIn(channel, ui.me);
    return html`<div class="intro"><${Avatar} user=${partner} size=${64} /><h2>${label}</h2><p>This conversation is just between <span class="mention">@${label}</span> and you.</p></div>`;
  }
  return html`<div class="intro"><h2><${ChannelSign} channel=${channel} size=${26} /> ${label}</h2><p>This is the very beginning of the <strong>${label}</strong> channel.${channel.topic && ` ${channel.topic}.`}</p></div>`;
}

function Members({ channel }) {
  const [anchor, toggle, close] = usePopover();
  const members = (channel.members ?? []).map(userById).filter(Boolean);
  const items = members.map((user) => ({
    label: nameOf(user), note: user.is_bot ? ' App' : ` ${user.title ?? ''}`, icon: html`<${Avatar} user=${user} size=${28} />`,
    hint: user.is_bot || user.id === ui.me ? null : 'Act as', onPick: () => !user.is_bot && actAs(user.id),
  }));
  return html`<button type="button" class="members" aria-haspopup="menu" aria-label=${`${members.length} members`} onClick=${toggle}>
      ${members.filter((user) => !user.is_bot).slice(0, 3).map((user) => html`<${Avatar} user=${user} size=${22} />`)}<span>${members.length}</span></button>
    ${anchor && html`<${Menu} anchor=${anchor} onClose=${close} align="end" label="Members" items=${items} header=${html`<div class="menu-title">Members</div>`} />`}`;
}

function Head({ channel, tabs, tab, onTab }) {
  return html`<header class="pane-head">
    <h2 class="channel-title">${isDirect(channel) ? html`<${Avatar} user=${partnerIn(channel, ui.me)} size=${24} />` : html`<${ChannelSign} channel=${channel} size=${18} />`} <span data-testid="channel-title">${channelLabel(channel, ui.me)}</span></h2>
    ${channel.is_ext_shared && html`<span class="shared-tag" title="Slack Connect: people from another organisation are here">◈ Shared</span>`}
    <span class="topic">${channel.topic}</span>
    ${!isDirect(channel) && html`<${Members} channel=${channel} />`}
  </header>
  <div class="tabs" role="tablist">
    ${tabs.map(([name, icon]) => html`<button type="button" role="tab" class=${cls('tab', tab === name && 'active')} aria-selected=${tab === name} onClick=${() => onTab(name)}><${Icon} name=${icon} size=${15} /> ${name}</button>`)}
  </div>`;
}

/** Instead of the composer where the acting person is not a member. */
function NotMember({ channel }) {
  return html`<div class="not-member"><p>You are viewing <strong>#${channel.name}</strong></p>
    <button type="button" class="button primary" data-testid="join" onClick=${() => act('join', { channel: channel.id })}>Join Channel</button></div>`;
}

/** The app's Home tab, as it last published it for the acting person. */
function Home({ view }) {
  const surface = useSurface(view.blocks, { view_id: view.id });
  return html`<div class="scroller"><div class="home" data-testid="app-home"><${Blocks} blocks=${view.blocks ?? []} surface=${surface} /></div></div>`;
}

export function ChannelPane() {
  const channel = currentChannel();
  const [shown, setShown] = useState(PAGE);
  const all = channel ? visibleMessages(channel.id, ui.me) : [];
  const roots = all.filter((m) => !isReply(m) || m.subtype === 'thread_broadcast');
  const scroll = useStickToBottom(`${ui.me}/${channel?.id}`, roots.length);
  useEffect(() => setShown(PAGE), [channel?.id]);
  useEffect(() => {
    if (channel && document.visibilityState === 'visible') markRead(channel.id);
  });
  const [tab, setTab] = useState('Messages');
  useEffect(() => setTab('Messages'), [channel?.id, ui.me]);
  if (!channel) return html`<main class="pane empty">This person is in no channel.</main>`;

  const repliesOf = new Map();
  for (const reply of all.filter(isReply)) repliesOf.set(reply.thread_ts, [...(repliesOf.get(reply.thread_ts) ?? []), reply]);
  const list = roots.slice(-shown);
  const member = isDirect(channel) || !channel.members?.length || channel.members.includes(ui.me);
  const home = isDirect(channel) && partnerIn(channel, ui.me)?.is_bot ? store.data.homes[ui.me] : null;
  const tabs = [home && ['Home', 'home'], ['Messages', 'chats']].filter(Boolean);
  const head = html`<${Head} channel=${channel} tabs=${tabs} tab=${home ? tab : 'Messages'} onTab=${setTab} />`;
  if (home && tab === 'Home') return html`<main class="pane channel-pane" data-channel=${channel.id} data-testid="channel-pane">${head}<${Home} view=${home} /></main>`;
  return html`<main class="pane channel-pane" data-channel=${channel.id} data-testid="channel-pane">
    ${head}
    <div class="scroller" ref=${scroll.ref} onScroll=${scroll.onScroll}><div class="messages" role="list" aria-label="Messages" data-testid="messages">
      ${list.length === roots.length ? html`<${Intro} channel=${channel} />` : html`<button type="button" class="button small older" onClick=${() => setShown(shown + PAGE)}>Show earlier messages</button>`}
      ${list.flatMap((message, i) => [
        (i === 0 || !sameDay(message, list[i - 1])) && html`<${DayDivider} key=${`day-${message.ts}`} ts=${message.ts} />`,
        html`<${Message} key=${message.ts} message=${message} channel=${channel.id} compact=${continues(message, list[i - 1])} replies=${repliesOf.get(message.ts)} />`,
      ])}
    </div></div>
    ${member
      ? html`<${Composer} key=${`${ui.me}/${channel.id}`} target=${{ channel: channel.id }} placeholder=${`Message ${isDirect(channel) ? '' : '#'}${channelLabel(channel, ui.me)}`} testid="composer" />`
      : html`<${NotMember} channel=${channel} />`}
  </main>`;
}

export function ThreadPane() {
  const { channel: channelId, ts } = ui.thread;
  const channel = channelById(channelId);
  const all = visibleMessages(channelId, ui.me);
  const root = all.find((m) => m.ts === ts);
  const replies = all.filter((m) => m.thread_ts === ts && m.ts !== ts);
  const scroll = useStickToBottom(`${ui.me}/${ts}`, replies.length);
  useEffect(() => {
    const onKey = (event) => event.key === 'Escape' && !document.querySelector('.scrim, .popover') && closeThread();
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return html`<aside class="pane thread-pane" aria-label="Thread" data-testid="thread-pane" data-ts=${ts}>
    <header class="pane-head"><h2 class="channel-title">Thread <small>${channel && (isDirect(channel) ? '' : '# ') + channelLabel(channel, ui.me)}</small></h2><span class="topic"></span>
      <${IconButton} icon="close" label="Close" testid="close-thread" onClick=${closeThread} /></header>
    <div class="scroller" ref=${scroll.ref} onScroll=${scroll.onScroll}><div class="messages" role="list" aria-label="Thread messages">
      ${root ? html`<${Message} key=${root.ts} message=${root} channel=${channelId} inThread=${true} />` : html`<p class="gone">The message that began this thread was deleted.</p>`}
      ${replies.length > 0 && html`<div class="reply-count"><span>${replies.length} ${replies.length === 1 ? 'reply' : 'replies'}</span></div>`}
      ${replies.map((message, i) => html`<${Message} key=${message.ts} message=${message} channel=${channelId} inThread=${true} compact=${continues(message, replies[i - 1])} />`)}
    </div></div>
    <${Composer} key=${`${ui.me}/${ts}`} target=${{ channel: channelId, thread_ts: ts }} placeholder="Reply…" testid="thread-composer" />
  </aside>`;
}

/** One line of a message for lists and titles. */
export const previewOf = (message) => plainOf(message.text, (id) => nameOf(userById(id)));
