// Portraits drawn from a person's id: the same person always looks the same, and no picture is fetched.
import { cls, html } from './html.js';
import { nameOf } from './state.js';

const SKINS = ['#f6d3b8', '#e8b48c', '#c98c5f', '#9a6240', '#6e4429', '#f2c6a5'];
const HAIRS = ['#2b1b12', '#4b2e1a', '#8a5a2b', '#c99a4b', '#1b1b1f', '#7a7a80', '#a5472a'];
const SHIRTS = ['#2f5d8a', '#b4493a', '#3f7d58', '#6b4a8e', '#d2953b', '#33424f', '#c45d83'];
const HAIR_SHAPES = [
  'M9.5 15c-.6-6.5 2.4-9.6 8.5-9.6S27 8.500 26.500 15c-1-3.400-2.200-4.600-4-5.200-3 1-7.500 1-9.400.1-2 .8-2.900 2.200-3.600 5.100z',
  'M9 22c-2-11 1-17 9-17s11 6 9 17c-1.500 1-2.700.6-3-.6.8-5 .4-8.400-1.500-11-3 1.500-6.600 1.700-9.400.6-1.300 2.700-1.800 6-1.100 10.400-.6 1.200-1.700 1.500-3 .6z',
  'M10 13.500c-.8-5.400 2.700-8.700 8-8.700s9 2.700 8 8.700c-1.200-2.200-3.300-4.100-8-4.100s-6.900 1.900-8 4.100z',
  'M10.300 14C7 12 9.500 6.500 13 6.600c1.200-3 6-3.400 7.500-1.300 3.700-.8 7.500 4.500 5.300 8.700-1-2.400-2-3.500-4-4-2.500 1.200-4.500.2-6.500.4-2.500.2-4.200 1.300-5 3.600z',
];
const BACKGROUNDS = ['#c9dff1', '#f3d7c4', '#d3e8d3', '#e3d5f0', '#f4e4ba', '#d6dce2', '#f6d2dc', '#c4e6e4'];

function hash(text) {
  let value = 2166136261;
  for (const char of text ?? '') value = Math.imul(value ^ char.codePointAt(0), 16777619) >>> 0;
  return value;
}

function Portrait({ seed }) {
  const pick = (list, salt) => list[hash(seed + salt) % list.length];
  const skin = pick(SKINS, 'skin');
  return html`<svg viewBox="0 0 36 36" aria-hidden="true">
    <rect width="36" height="36" fill=${pick(BACKGROUNDS, 'back')} />
    <path d="M4 38c0-8 5.500-12.500 14-12.500S32 30 32 38z" fill=${pick(SHIRTS, 'shirt')} />
    <path d="M14.500 21h7v5.500c-1.500 2.500-5.500 2.500-7 0z" fill=${skin} />
    <path d="M14.500 23.300c2 1.700 5 1.700 7 0v1.400c-2 1.600-5 1.600-7 0z" fill="#0002" />
    <ellipse cx="18" cy="15.800" rx="7.400" ry="8.600" fill=${skin} />
    <path d=${pick(HAIR_SHAPES, 'shape')} fill=${pick(HAIRS, 'hair')} />
    <circle cx="15.200" cy="16" r=".9" fill="#2a1d18" /><circle cx="20.800" cy="16" r=".9" fill="#2a1d18" />
    <path d="M15.400 19.800c1.500 1.500 3.700 1.500 5.200 0" fill="none" stroke="#7a3b2a" stroke-width=".9" stroke-linecap="round" />
  </svg>`;
}

function BotFace({ name }) {
  if (!/deskbell/i.test(name)) {
    return html`<svg viewBox="0 0 36 36" aria-hidden="true"><rect width="36" height="36" fill="#5b6b7b" />
      <rect x="9" y="12" width="18" height="14" rx="4" fill="#fff" /><circle cx="14.500" cy="19" r="2" fill="#5b6b7b" />
      <circle cx="21.500" cy="19" r="2" fill="#5b6b7b" /><path d="M18 12V8" stroke="#fff" stroke-width="2" /></svg>`;
  }
  return html`<svg viewBox="0 0 36 36" aria-hidden="true"><rect width="36" height="36" fill="#0f766e" />
    <path d="M18 8.500a1.700 1.700 0 0 1 1.700 1.700v1C24 12 27 15.600 27 20.200V22H9v-1.800c0-4.600 3-8.200 7.300-9v-1A1.700 1.700 0 0 1 18 8.500z" fill="#fff" />
    <rect x="7" y="23.500" width="22" height="3.400" rx="1.700" fill="#fbbf24" /></svg>`;
}

/** A person's or a bot's picture; `size` in pixels. */
export function Avatar({ user, name, size = 36, presence }) {
  const label = name ?? nameOf(user);
  const isBot = !user || user.is_bot;
  return html`<span class=${cls('avatar', presence && 'avatar-present')} style=${{ width: `${size}px`, height: `${size}px` }} title=${label}>
    ${isBot ? html`<${BotFace} name=${label} />` : html`<${Portrait} seed=${user.id} />`}
  </span>`;
}
