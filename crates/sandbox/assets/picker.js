// The emoji picker: search, groups, and the few that people use most.
import { emojiChar, findEmoji, GROUPS } from './emoji.js';
import { html, useEffect, useRef, useState } from './html.js';
import { Popover } from './popover.js';

const FREQUENT = ['+1', 'white_check_mark', 'eyes', 'raised_hands', 'tada', 'ticket', 'rotating_light', 'bug', 'fire', 'heart', 'joy', 'thinking_face', 'pray', 'wave', 'hourglass', 'x'];

const EmojiButton = ({ name, char, onPick }) => html`<button type="button" class="picker-emoji" aria-label=${name} title=${`:${name}:`} data-emoji=${name} onClick=${() => onPick(name)}>${char}</button>`;

export function EmojiPicker({ anchor, onClose, onPick }) {
  const [query, setQuery] = useState('');
  const input = useRef(null);
  useEffect(() => input.current?.focus(), []);
  const pick = (name) => {
    onClose();
    onPick(name);
  };
  const hits = query ? findEmoji(query) : null;
  const onKey = (event) => event.key === 'Enter' && hits?.[0] && pick(hits[0].name);
  const frequent = FREQUENT.map((name) => ({ name, char: emojiChar(name) })).filter((item) => item.char);
  const grid = (list) => html`<div class="picker-grid">${list.map((item) => html`<${EmojiButton} ...${item} onPick=${pick} />`)}</div>`;
  return html`<${Popover} anchor=${anchor} onClose=${onClose} align="end" above=${true} label="Emoji picker" className="picker">
    <input ref=${input} class="picker-search" placeholder="Search all emoji" aria-label="Search emoji" data-testid="emoji-search" value=${query} onInput=${(e) => setQuery(e.target.value)} onKeyDown=${onKey} />
    <div class="picker-scroll">
      ${hits ? grid(hits) : html`<h4>Frequently used</h4>${grid(frequent)}${GROUPS.map(({ group, emoji }) => html`<h4>${group}</h4>${grid(emoji)}`)}`}
      ${hits && !hits.length && html`<p class="picker-none">No emoji by that name</p>`}
    </div>
  </${Popover}>`;
}
