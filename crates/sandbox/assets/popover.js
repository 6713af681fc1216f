// Menus and pickers that float over the page, anchored to what opened them.
import { html, useEffect, useLayoutEffect, useRef, useState } from './html.js';

const GAP = 4;
const EDGE = 8;

/**
 * Floats its children next to `anchor` (an element), flipped and shifted so as to stay on the screen.
 * Closes on Escape and on a press elsewhere. `align` is 'start' or 'end'; `matchWidth` makes it at least as wide as the anchor.
 */
export function Popover({ anchor, onClose, children, align = 'start', above = false, matchWidth = false, label, role = 'dialog', className = '' }) {
  const ref = useRef(null);
  const [place, setPlace] = useState({ visibility: 'hidden', left: '0px', top: '0px' });

  useLayoutEffect(() => {
    const box = anchor.getBoundingClientRect();
    const own = ref.current.getBoundingClientRect();
    const left = align === 'end' ? box.right - own.width : box.left;
    const fitsBelow = box.bottom + GAP + own.height < innerHeight - EDGE;
    const fitsAbove = box.top - GAP - own.height > EDGE;
    const top = (above && fitsAbove) || (!fitsBelow && fitsAbove) ? box.top - GAP - own.height : box.bottom + GAP;
    const clamp = (value, size, room) => `${Math.max(EDGE, Math.min(value, room - size - EDGE))}px`;
    setPlace({
      left: clamp(left, own.width, innerWidth),
      top: clamp(top, own.height, innerHeight),
      minWidth: matchWidth ? `${box.width}px` : undefined,
    });
  }, [anchor]);

  useEffect(() => {
    const onPress = (event) => {
      if (!ref.current?.contains(event.target) && !anchor.contains(event.target)) onClose();
    };
    const onKey = (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      onClose();
      anchor.focus?.();
    };
    document.addEventListener('mousedown', onPress, true);
    document.addEventListener('keydown', onKey, true);
    return () => {
      document.removeEventListener('mousedown', onPress, true);
      document.removeEventListener('keydown', onKey, true);
    };
  }, [anchor, onClose]);

  return html`<div class=${`popover ${className}`} style=${place} ref=${ref} role=${role} aria-label=${label}>${children}</div>`;
}

/** `[anchor, toggle, close]`: the element that opened the popover, or null while it is closed. */
export function usePopover() {
  const [anchor, setAnchor] = useState(null);
  const toggle = (event) => {
    const target = event.currentTarget;
    setAnchor((open) => (open ? null : target));
  };
  return [anchor, toggle, () => setAnchor(null)];
}

/** A menu of buttons. `items`: `[{label, onPick, danger, icon, testid, hint} | 'divider']`; arrow keys move. */
export function Menu({ anchor, onClose, items, align, above, label, header }) {
  const onKey = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...event.currentTarget.querySelectorAll('[role=menuitem]')];
    buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length)?.focus();
  };
  return html`<${Popover} anchor=${anchor} onClose=${onClose} align=${align} above=${above} label=${label} role="menu" className="menu">
    <div onKeyDown=${onKey} ref=${(el) => el && !el.contains(document.activeElement) && el.querySelector('[role=menuitem]')?.focus()}>
      ${header}
      ${items.filter(Boolean).map((item) => (item === 'divider' ? html`<hr />` : html`<${MenuItem} item=${item} onClose=${onClose} />`))}
    </div>
  </${Popover}>`;
}

function MenuItem({ item, onClose }) {
  const pick = () => {
    onClose();
    item.onPick();
  };
  return html`<button type="button" role="menuitem" class=${item.danger ? 'menu-item danger' : 'menu-item'}
    data-testid=${item.testid} data-callback-id=${item.callbackId} data-user=${item.user} data-value=${item.value} onClick=${pick}>
    ${item.icon && html`<span class="menu-icon">${item.icon}</span>`}
    <span class="menu-label">${item.label}${item.note && html`<small>${item.note}</small>`}</span>
    ${item.hint && html`<span class="menu-hint">${item.hint}</span>`}
  </button>`;
}
