// One message: author, body, reactions, thread line, and the toolbar that appears on hover.
import { act } from './act.js';
import { Avatar } from './avatar.js';
import { MessageBody } from './blocks.js';
import { askConfirm } from './dialog.js';
import { Emoji } from './emoji.js';
import { ago, clock } from './entities.js';
import { cls, html, useEffect, useRef, useState } from './html.js';
import { Icon, IconButton } from './icons.js';
import { toTyped, toWire } from './compose-text.js';
import { EmojiPicker } from './picker.js';
import { Menu, usePopover } from './popover.js';
import { dateOf, isReply, nameOf, store, userById } from './state.js';
import { openThread, toast, ui } from './ui.js';

const QUICK_REACTIONS = ['white_check_mark', 'eyes', 'raised_hands'];

export function authorOf(message) {
  const user = userById(message.user) ?? (message.bot_id ? userById(store.data.bot_user_id) : null);
  return { user, name: message.username || nameOf(user), isBot: Boolean(message.bot_id || user?.is_bot) };
}

const addressOf = (channel, message) => ({ channel, message_ts: message.ts });

function toggleReaction(channel, message, name) {
  const mine = (message.reactions ?? []).find((r) => r.name === name)?.users.includes(ui.me);
  act(mine ? 'unreact' : 'react', { ...addressOf(channel, message), reaction: name });
}

function Reactions({ message, channel }) {
  const [anchor, toggle, close] = usePopover();
  if (!message.reactions?.length) return null;
  return html`<div class="reactions">
    ${message.reactions.map(({ name, users }) => {
      const mine = users.includes(ui.me);
      const who = users.map((id) => nameOf(userById(id))).join(', ');
      return html`<button type="button" key=${name} class=${cls('reaction', mine && 'mine')} aria-pressed=${mine} title=${`${who} reacted with :${name}:`} data-reaction=${name}
        onClick=${() => toggleReaction(channel, message, name)}><${Emoji} name=${name} /> <span>${users.length}</span></button>`;
    })}
    <button type="button" class="reaction reaction-add" aria-label="Add reaction" onClick=${toggle}><${Icon} name="smilePlus" size=${16} /></button>
    ${anchor && html`<${EmojiPicker} anchor=${anchor} onClose=${close} onPick=${(name) => toggleReaction(channel, message, name)} />`}
  </div>`;
}

function ThreadLine({ message, channel, replies }) {
  if (!replies?.length) return null;
  const authors = [...new Map(replies.map((reply) => [reply.user ?? reply.bot_id, authorOf(reply)])).values()].slice(0, 4);
  return html`<button type="button" class="thread-line" data-testid="thread-line" onClick=${() => openThread(channel, message.ts)}>
    ${authors.map(({ user, name }) => html`<${Avatar} user=${user} name=${name} size=${24} />`)}
    <span class="thread-count">${replies.length} ${replies.length === 1 ? 'reply' : 'replies'}</span>
    <span class="thread-last">Last reply ${ago(dateOf(replies.at(-1).ts))}</span>
    <span class="thread-view">View thread</span>
  </button>`;
}

async function remove(channel, message) {
  const agreed = await askConfirm({
    title: { type: 'plain_text', text: 'Delete message' },
    text: { type: 'plain_text', text: 'Are you sure you want to delete this message? This cannot be undone.' },
    confirm: { type: 'plain_text', text: 'Delete' },
    style: 'danger',
  });
  if (agreed) act('delete', addressOf(channel, message));
}

function moreItems(channel, message, onEdit) {
  const own = message.user === ui.me && !message.bot_id;
  const shortcuts = (store.data.shortcuts ?? []).filter((shortcut) => shortcut.type === 'message');
  const copy = (text, what) => navigator.clipboard?.writeText(text).then(() => toast(`Copied ${what}`));
  return [
    { label: 'Reply in thread', icon: html`<${Icon} name="reply" />`, onPick: () => openThread(channel, message.thread_ts ?? message.ts) },
    message.permalink && { label: 'Copy link', icon: html`<${Icon} name="copy" />`, onPick: () => copy(message.permalink, 'the link') },
    own && { label: 'Edit message', testid: 'edit-message', icon: html`<${Icon} name="edit" />`, onPick: onEdit },
    own && { label: 'Delete message…', testid: 'delete-message', danger: true, icon: html`<${Icon} name="trash" />`, onPick: () => remove(channel, message) },
    shortcuts.length > 0 && 'divider',
    ...shortcuts.map((shortcut) => ({
      label: shortcut.name, note: ' Deskbell', testid: 'message-shortcut', callbackId: shortcut.callback_id,
      icon: html`<${Avatar} user=${userById(store.data.bot_user_id)} size=${18} />`,
      onPick: () => act('message_shortcut', { ...addressOf(channel, message), callback_id: shortcut.callback_id }),
    })),
  ];
}

function Toolbar({ message, channel, inThread, onEdit, onPinned }) {
  const [moreAnchor, toggleMore, closeMore] = usePopover();
  const [emojiAnchor, toggleEmoji, closeEmoji] = usePopover();
  const open = Boolean(moreAnchor || emojiAnchor);
  useEffect(() => onPinned(open), [open]);
  return html`<div class="toolbar" role="toolbar" aria-label="Message actions">
    ${QUICK_REACTIONS.map((name) => html`<button type="button" class="icon-button" aria-label=${`React with ${name}`} data-tip=${`:${name}:`} data-reaction=${name} onClick=${() => toggleReaction(channel, message, name)}><${Emoji} name=${name} /></button>`)}
    <${IconButton} icon="smilePlus" label="Add reaction…" testid="add-reaction" onClick=${toggleEmoji} />
    ${!inThread && html`<${IconButton} icon="reply" label="Reply in thread" testid="reply-in-thread" onClick=${() => openThread(channel, message.thread_ts ?? message.ts)} />`}
    <${IconButton} icon="more" label="More actions" testid="more-actions" aria-haspopup="menu" onClick=${toggleMore} />
    ${emojiAnchor && html`<${EmojiPicker} anchor=${emojiAnchor} onClose=${closeEmoji} onPick=${(name) => toggleReaction(channel, message, name)} />`}
    ${moreAnchor && html`<${Menu} anchor=${moreAnchor} onClose=${closeMore} align="end" label="More actions" items=${moreItems(channel, message, onEdit)} />`}
  </div>`;
}

function Editor({ message, channel, onDone }) {
  const [text, setText] = useState(toTyped(message.text));
  const ref = useRef(null);
  useEffect(() => {
    ref.current?.focus();
    ref.current?.setSelectionRange(text.length, text.length);
  }, []);
  const save = async () => {
    if (text.trim() && toWire(text) !== message.text) await act('edit', { ...addressOf(channel, message), text: toWire(text) });
    onDone();
  };
  const onKey = (event) => {
    if (event.key === 'Escape') onDone();
    else if (event.key === 'Enter' && !event.shiftKey) save();
    else return;
    event.preventDefault();
  };
  return html`<div class="editor">
    <textarea ref=${ref} aria-label="Edit message" data-testid="edit-input" rows=${Math.min(8, text.split('\n').length)} value=${text} onInput=${(e) => setText(e.target.value)} onKeyDown=${onKey}></textarea>
    <div class="editor-buttons"><button type="button" class="button small" onClick=${onDone}>Cancel</button><button type="button" class="button primary small" data-testid="edit-save" onClick=${save}>Save</button></div>
  </div>`;
}

/** What stays of a deleted message that has replies. */
function Tombstone({ message, channel, replies, inThread }) {
  return html`<div role="listitem" class="message tombstone" data-testid="message" data-ts=${message.ts} data-channel=${channel}>
    <div class="message-gutter"><span class="tombstone-mark"><${Icon} name="trash" /></span></div>
    <div class="message-main"><div class="gone-text">This message was deleted.</div>${!inThread && html`<${ThreadLine} message=${message} channel=${channel} replies=${replies} />`}</div>
  </div>`;
}

/** `compact` leaves out author and picture when the message before it is by the same author. */
export function Message(props) {
  return props.message.deleted ? html`<${Tombstone} ...${props} />` : html`<${LiveMessage} ...${props} />`;
}

function LiveMessage({ message, channel, compact, replies, inThread }) {
  const [editing, setEditing] = useState(false);
  const [pinned, setPinned] = useState(false);
  const ref = useRef(null);
  const { user, name, isBot } = authorOf(message);
  const date = dateOf(message.ts);
  const jumped = ui.highlighted === message.ts && Boolean(inThread) === isReply(message);
  useEffect(() => {
    if (jumped) ref.current?.scrollIntoView({ block: 'center' });
  }, [jumped]);

  return html`<div ref=${ref} role="listitem" tabindex="-1" data-testid="message" data-ts=${message.ts} data-channel=${channel} data-user=${message.user} data-ephemeral=${message.ephemeral_for ? 'true' : undefined}
    class=${cls('message', compact && 'compact', message.ephemeral_for && 'ephemeral', jumped && 'jumped', editing && 'editing', pinned && 'pinned')}>
    <div class="message-gutter">${compact ? html`<time class="gutter-time">${clock(date).replace(/ [AP]M/, '')}</time>` : html`<${Avatar} user=${user} name=${name} />`}</div>
    <div class="message-main">
      ${message.ephemeral_for && html`<div class="only-you"><${Icon} name="eye" size=${14} /> Only visible to you</div>`}
      ${!compact && html`<div class="message-head"><span class="author">${name}</span>${isBot && html`<span class="app-badge">APP</span>`}
        ${user?.is_external && html`<span class="external-badge" title=${user.title ?? 'From another organisation'}>External</span>`}
        <time class="time" title=${date.toLocaleString('en-US')}>${clock(date)}</time></div>`}
      ${editing ? html`<${Editor} message=${message} channel=${channel} onDone=${() => setEditing(false)} />` : html`<${MessageBody} message=${message} channel=${channel} />`}
      <${Reactions} message=${message} channel=${channel} />
      ${!inThread && !isReply(message) && html`<${ThreadLine} message=${message} channel=${channel} replies=${replies} />`}
    </div>
    ${!editing && !message.ephemeral_for && html`<${Toolbar} message=${message} channel=${channel} inThread=${inThread} onEdit=${() => setEditing(true)} onPinned=${setPinned} />`}
  </div>`;
}
