// Where one writes: text, slash commands with completion, mentions, emoji, and the app's shortcuts.
import { act } from './act.js';
import { Avatar } from './avatar.js';
import { toWire } from './compose-text.js';
import { emojiChar, findEmoji } from './emoji.js';
import { cls, html, useEffect, useLayoutEffect, useRef, useState } from './html.js';
import { Icon, IconButton } from './icons.js';
import { EmojiPicker } from './picker.js';
import { Menu, usePopover } from './popover.js';
import { channelsOf, isDirect, nameOf, store, userById } from './state.js';
import { toast, ui } from './ui.js';

const MAX_HINTS = 8;
const bot = () => userById(store.data.bot_user_id);

/** What could complete the word before the cursor: `{from, items: [{key, insert, view}]}` or null. */
function completionsFor(text, cursor) {
  const before = text.slice(0, cursor);
  const slash = /^\/(\S*)$/.exec(before);
  if (slash) return { from: 0, title: 'Commands', items: commandItems(slash[1]) };
  const word = /(?:^|[\s(])([@#:])([\p{L}\p{N}_+-]*)$/u.exec(before);
  if (!word) return null;
  const [, sigil, typed] = word;
  const from = cursor - typed.length - 1;
  if (sigil === '@') return { from, title: 'People', items: personItems(typed.toLowerCase()) };
  if (sigil === '#') return { from, title: 'Channels', items: channelItems(typed.toLowerCase()) };
  return typed.length < 2 ? null : { from, title: 'Emoji', items: emojiItems(typed) };
}

const commandItems = (typed) => (store.data.commands ?? [])
  .filter((c) => c.command.startsWith(`/${typed}`))
  .map((c) => ({
    key: c.command,
    insert: `${c.command} `,
    view: html`<${Avatar} user=${bot()} size=${24} /><span class="hint-main"><strong>${c.command}</strong> <span class="hint-usage">${c.usage_hint}</span><small>${c.description}</small></span><span class="hint-app">Deskbell</span>`,
  }));

const personItems = (typed) => store.data.users
  .filter((u) => `${nameOf(u)} ${u.name}`.toLowerCase().includes(typed))
  .map((u) => ({ key: u.id, insert: `@${nameOf(u)} `, view: html`<${Avatar} user=${u} size=${24} /><span class="hint-main"><strong>${nameOf(u)}</strong> <span class="hint-usage">${u.title}</span></span>` }));

const channelItems = (typed) => channelsOf(ui.me)
  .filter((c) => !isDirect(c) && c.name.includes(typed))
  .map((c) => ({ key: c.id, insert: `#${c.name} `, view: html`<span class="hint-main"># <strong>${c.name}</strong></span>` }));

const emojiItems = (typed) => findEmoji(typed, MAX_HINTS)
  .map((e) => ({ key: e.name, insert: `:${e.name}: `, view: html`<span class="hint-main">${e.char} <span>:${e.name}:</span></span>` }));

function Hints({ hints, cursor, onPick }) {
  return html`<div class="hints" role="listbox" aria-label=${hints.title}>
    <div class="hints-title">${hints.title}</div>
    ${hints.items.slice(0, MAX_HINTS).map((item, i) => html`<button type="button" key=${item.key} role="option" aria-selected=${i === cursor} data-hint=${item.key} class=${cls('hint', i === cursor && 'hint-active')}
      onMouseDown=${(event) => { event.preventDefault(); onPick(item); }}>${item.view}</button>`)}
  </div>`;
}

/** Sends a slash command, or says why not, as Slack does. */
async function runCommand(channel, threadTs, text) {
  const [, command, rest] = /^(\/\S+)\s*([\s\S]*)$/.exec(text);
  if (threadTs) return toast(`${command} is not supported in threads. Sorry!`);
  if (!(store.data.commands ?? []).some((known) => known.command === command)) {
    return toast(`${command} is not a valid command. Try ${(store.data.commands ?? []).map((c) => c.command).join(', ')}.`);
  }
  return act('command', { channel, command, text: toWire(rest.trim()) });
}

const MARKS = [
  ['bold', 'Bold', '*'], ['italic', 'Italic', '_'], ['strike', 'Strikethrough', '~'],
  null, ['link', 'Link', '<|>'], ['list', 'Bulleted list', '\n• '], ['quote', 'Quote', '\n> '], ['code', 'Code', '`'],
];

/** `target`: `{channel, thread_ts?}`. Drafts are kept per person and place. */
export function Composer({ target, placeholder, testid }) {
  const draftKey = `${ui.me}/${target.channel}/${target.thread_ts ?? ''}`;
  const [text, setText] = useState(ui.drafts[draftKey] ?? '');
  const [hints, setHints] = useState(null);
  const [cursor, setCursor] = useState(0);
  const [shortcutAnchor, toggleShortcuts, closeShortcuts] = usePopover();
  const [emojiAnchor, toggleEmoji, closeEmoji] = usePopover();
  const area = useRef(null);

  useEffect(() => { area.current?.focus({ preventScroll: true }); }, []);
  useLayoutEffect(() => {
    area.current.style.height = 'auto';
    area.current.style.height = `${Math.min(area.current.scrollHeight, 240)}px`;
  }, [text]);

  const write = (value, caret = value.length) => {
    ui.drafts[draftKey] = value;
    setText(value);
    const found = completionsFor(value, caret);
    setHints(found?.items.length ? found : null);
    setCursor(0);
  };
  const put = (value, caret) => {
    write(value, caret);
    setHints(null);
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(caret, caret);
    });
  };
  const complete = (item) => {
    const at = area.current.selectionStart;
    put(text.slice(0, hints.from) + item.insert + text.slice(at), hints.from + item.insert.length);
  };
  const insert = (piece) => {
    const at = area.current.selectionStart ?? text.length;
    put(text.slice(0, at) + piece + text.slice(at), at + piece.length);
    if (/^[@/]$/.test(piece)) write(text.slice(0, at) + piece + text.slice(at), at + piece.length);
  };
  const wrap = (mark) => {
    const { selectionStart: from, selectionEnd: to } = area.current;
    const [open, close] = mark === '<|>' ? ['https://', ''] : mark.startsWith('\n') ? [from === 0 ? mark.slice(1) : mark, ''] : [mark, mark];
    put(text.slice(0, from) + open + text.slice(from, to) + close + text.slice(to), from === to ? from + open.length : to + open.length + close.length);
  };
  const send = async () => {
    const typed = text.trim();
    if (!typed) return;
    write('');
    const answer = typed.startsWith('/') && !typed.startsWith('//')
      ? await runCommand(target.channel, target.thread_ts, typed)
      : await act('message', { ...target, text: toWire(typed) });
    // A message that could not be sent is given back to its author.
    if (answer?.ok === false && !ui.drafts[draftKey]) write(typed);
  };
  const onKey = (event) => {
    if (event.isComposing) return;
    if (hints) {
      const count = Math.min(hints.items.length, MAX_HINTS);
      const item = hints.items[cursor];
      const exact = item && text.trim() === item.key;
      if (event.key === 'ArrowDown') setCursor((cursor + 1) % count);
      else if (event.key === 'ArrowUp') setCursor((cursor + count - 1) % count);
      else if (event.key === 'Tab' || (event.key === 'Enter' && !exact)) complete(item);
      else if (event.key === 'Escape') setHints(null);
      else if (event.key === 'Enter') { setHints(null); send(); }
      else return;
      event.preventDefault();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };
  const shortcuts = (store.data.shortcuts ?? []).filter((shortcut) => shortcut.type === 'global');

  return html`<div class="composer" data-testid=${testid}>
    ${hints && html`<${Hints} hints=${hints} cursor=${cursor} onPick=${complete} />`}
    <div class="composer-marks" role="toolbar" aria-label="Formatting">
      ${MARKS.map((mark) => (mark ? html`<${IconButton} icon=${mark[0]} label=${mark[1]} size=${16} onMouseDown=${(e) => e.preventDefault()} onClick=${() => wrap(mark[2])} />` : html`<i class="mark-gap"></i>`))}
    </div>
    <textarea ref=${area} rows="1" value=${text} placeholder=${placeholder} aria-label=${placeholder} data-testid=${`${testid}-input`}
      onInput=${(e) => write(e.target.value, e.target.selectionStart)} onKeyDown=${onKey} onBlur=${() => setHints(null)}></textarea>
    <div class="composer-foot">
      <${IconButton} icon="bolt" label="Shortcuts" testid="shortcuts" className="round" aria-haspopup="menu" onClick=${toggleShortcuts} />
      <${IconButton} icon="smile" label="Emoji" onClick=${toggleEmoji} />
      <${IconButton} icon="at" label="Mention someone" onClick=${() => insert('@')} />
      <button type="button" class="icon-button slash" aria-label="Run a slash command" data-tip="Slash command" data-testid="slash" onClick=${() => put('/', 1) ?? write('/', 1)}>/</button>
      <span class="composer-space"></span>
      <button type="button" class=${cls('send', text.trim() && 'send-ready')} aria-label="Send now" data-testid="send" disabled=${!text.trim()} onClick=${send}><${Icon} name="send" size=${18} /></button>
    </div>
    ${emojiAnchor && html`<${EmojiPicker} anchor=${emojiAnchor} onClose=${closeEmoji} onPick=${(name) => insert(emojiChar(name) ? `:${name}: ` : '')} />`}
    ${shortcutAnchor && html`<${Menu} anchor=${shortcutAnchor} onClose=${closeShortcuts} above=${true} label="Shortcuts" header=${html`<div class="menu-title">Shortcuts</div>`}
      items=${shortcuts.length ? shortcuts.map((s) => ({ label: s.name, note: ' Deskbell', testid: 'global-shortcut', callbackId: s.callback_id, icon: html`<${Avatar} user=${bot()} size=${20} />`, onPick: () => act('shortcut', { callback_id: s.callback_id }) }))
        : [{ label: 'The app has no shortcuts yet', onPick: () => {} }]} />`}
  </div>`;
}
