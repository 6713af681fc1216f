// Emoji by shortcode, as Slack names them.
import { EMOJI_GROUPS } from './emoji-data.js';
import { html } from './html.js';

const byName = new Map();

/** `[{group, emoji: [{name, char, names}]}]`, in the picker's order. */
export const GROUPS = Object.entries(EMOJI_GROUPS).map(([group, packed]) => ({
  group,
  emoji: packed.split(',').map((entry) => {
    const space = entry.lastIndexOf(' ');
    const names = entry.slice(0, space).split('|');
    const char = entry.slice(space + 1);
    names.forEach((name) => byName.set(name, char));
    return { name: names[0], names, char };
  }),
}));

const SKIN_TONES = { 2: '🏻', 3: '🏼', 4: '🏽', 5: '🏾', 6: '🏿' };

/** The character for a shortcode without colons, such as `wave` or `+1::skin-tone-3`; null when unknown. */
export function emojiChar(name) {
  const [base, tone] = name.split('::skin-tone-');
  const char = byName.get(base);
  if (!char) return null;
  return tone ? char.replace(/\uFE0F$/, '') + (SKIN_TONES[tone] ?? '') : char;
}

export function Emoji({ name, big }) {
  const char = emojiChar(name);
  if (!char) return html`<span class="emoji-unknown">:${name}:</span>`;
  return html`<span class=${big ? 'emoji emoji-big' : 'emoji'} role="img" aria-label=${`${name} emoji`} title=${`:${name}:`}>${char}</span>`;
}

/** Emoji whose names contain the words typed; at most `limit`. */
export function findEmoji(query, limit = 60) {
  const wanted = query.toLowerCase().replaceAll(':', '').replaceAll(' ', '_');
  const hits = [];
  for (const { emoji } of GROUPS) {
    for (const item of emoji) {
      if (item.names.some((name) => name.includes(wanted))) hits.push(item);
    }
  }
  hits.sort((a, b) => rank(a, wanted) - rank(b, wanted));
  return hits.slice(0, limit);
}

const rank = (item, wanted) =>
  item.names.includes(wanted) ? 0 : item.names.some((name) => name.startsWith(wanted)) ? 1 : 2;
