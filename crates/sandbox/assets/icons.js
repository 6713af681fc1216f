// The page's line icons, drawn on a 20 by 20 grid.
import { html } from './html.js';

const PATHS = {
  hash: 'M7.500 3.500l-1.500 13M14 3.500l-1.500 13M4 7.500h13M3 12.500h13',
  lock: 'M5 9.500h10v7H5zM7 9.500V6.500a3 3 0 0 1 6 0v3',
  home: 'M3.500 9.500L10 3.500l6.500 6v7h-4.500v-4.500h-4v4.500H3.500z',
  chats: 'M3 5a2 2 0 0 1 2-2h7a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2H7l-3 3v-3a2 2 0 0 1-1-2zM16.500 7v6a2 2 0 0 1-1 2v2.500L13 15H8.500',
  board: 'M3.500 3.500h13v13h-13zM8 3.500v13M12.300 3.500v8',
  caret: 'M6 8l4 4 4-4',
  smile: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM7.300 11.500c1.200 2 4.200 2 5.400 0M7.800 8v.5M12.200 8v.5',
  smilePlus: 'M13 3.700A7 7 0 1 0 16.500 8M7 11.500c1.200 2 4.200 2 5.400 0M7.500 8v.5M12 8v.5M16 2v4.500M13.800 4.300h4.500',
  reply: 'M3.500 5.500a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-3.500 3v-3a2 2 0 0 1-2-2zM7 7.300h6M7 9.800h4',
  more: 'M10 4.500v.1M10 10v.1M10 15.500v.1',
  close: 'M5 5l10 10M15 5L5 15',
  plus: 'M10 4v12M4 10h12',
  at: 'M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0zm0 0c0 2.500 4 2.500 4-.5A7 7 0 1 0 13.500 16',
  bolt: 'M11 2.500L4.500 11.500h5l-1 6 6.500-9h-5z',
  send: 'M3.500 3.500l13.500 6.500-13.500 6.500 1.500-6.500zM5 10h6',
  bold: 'M6 3.500h5a3 3 0 0 1 0 6.300H6zM6 9.800h5.700a3.300 3.300 0 0 1 0 6.700H6z',
  italic: 'M8.500 3.500H14M6 16.500h5.500M11.500 3.500l-3 13',
  strike: 'M14 6c-.5-3.500-8-3.500-8 .3 0 4.700 8.500 2.500 8.500 7 0 4-8.500 4.200-9-.3M3 10h14',
  link: 'M8.500 11.500a3 3 0 0 0 4.200 0l3-3a3 3 0 0 0-4.200-4.200L10 5.700M11.500 8.500a3 3 0 0 0-4.200 0l-3 3a3 3 0 0 0 4.200 4.200l1.400-1.400',
  list: 'M7.500 5H17M7.500 10H17M7.500 15H17M3.500 5h.1M3.500 10h.1M3.500 15h.1',
  quote: 'M4 4v12M8 6h9M8 10h9M8 14h6',
  code: 'M7 6l-4 4 4 4M13 6l4 4-4 4',
  search: 'M8.500 14a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11zM12.500 12.500L17 17',
  eye: 'M2.500 10c3-6.500 12-6.500 15 0-3 6.500-12 6.500-15 0zM12.500 10a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0z',
  expand: 'M11.500 3.500h5v5M16.500 3.500L11 9M8.500 16.500h-5v-5M3.500 16.500L9 11',
  people: 'M10 7a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM1.500 16c0-6 11-6 11 0M12 4.200a3 3 0 1 1 0 5.600M14.500 11.500c2.500.6 4 2.200 4 4.500',
  edit: 'M4 16l.8-3.500L13 4.300l2.700 2.700L7.500 15.200z',
  trash: 'M4 5.500h12M8 5.500v-2h4v2M5.500 5.500l.7 11h7.600l.7-11',
  copy: 'M7 7h9.500v9.500H7zM13 7V3.500H3.500V13H7',
  swap: 'M4 7h11l-3-3M16 13H5l3 3',
};

/** An icon by name; decorative, so hidden from screen readers. */
export function Icon({ name, size = 18 }) {
  return html`<svg class="icon" viewBox="0 0 20 20" style=${{ width: `${size}px`, height: `${size}px` }} aria-hidden="true">
    <path d=${PATHS[name]} fill="none" stroke="currentColor" stroke-width=${name === 'more' ? 3 : 1.5} stroke-linecap="round" stroke-linejoin="round" />
  </svg>`;
}

/** A button that shows only an icon; `label` is its name and its tooltip. */
export function IconButton({ icon, label, onClick, testid, size, className = '', ...rest }) {
  return html`<button type="button" class=${`icon-button ${className}`} aria-label=${label} data-tip=${label} data-testid=${testid} onClick=${onClick} ...${rest}>
    <${Icon} name=${icon} size=${size} />
  </button>`;
}

/** The sign before a channel's name. */
export const ChannelSign = ({ channel, size = 16 }) => html`<${Icon} name=${channel.is_private ? 'lock' : 'hash'} size=${size} />`;
