// Block Kit's select menus: one look for all kinds, single or multiple, with search and suggestions.
import { Avatar } from './avatar.js';
import { cls, html, useEffect, useRef, useState } from './html.js';
import { plainOf, Text } from './mrkdwn.js';
import { Popover } from './popover.js';
import { channelLabel, channelsOf, isDirect, nameOf, store, userById } from './state.js';
import { people, ui } from './ui.js';

const SUGGEST_DELAY_MS = 200;

const userOption = (user) => ({
  key: user.id, label: nameOf(user), raw: user.id, view: html`<${Avatar} user=${user} size=${20} /> ${nameOf(user)} <small>${user.title ?? ''}</small>`,
});
const channelOption = (channel) => {
  const label = `${isDirect(channel) ? '' : channel.is_private ? '🔒 ' : '# '}${channelLabel(channel, ui.me)}`;
  return { key: channel.id, label, raw: channel.id, view: label };
};
const plainOption = (option) => ({
  key: option.value,
  label: plainOf(option.text?.text ?? ''),
  raw: option,
  view: html`<span><${Text} of=${option.text} />${option.description && html`<small class="option-description"><${Text} of=${option.description} /></small>`}</span>`,
});

const keepsChannel = (filter) => (channel) => {
  if (filter?.exclude_external_shared_channels && channel.is_ext_shared) return false;
  const kind = isDirect(channel) ? 'im' : channel.is_private ? 'private' : 'public';
  return !filter?.include || filter.include.includes(kind);
};

/** The element's type without `multi_`. */
export const selectKind = (element) => element.type.replace('multi_', '');
export const isMulti = (element) => element.type.startsWith('multi_');

/** Key of the payload field that carries the choice, as Slack names it. */
export function selectField(element) {
  const plural = isMulti(element) ? 's' : '';
  return {
    static_select: `selected_option${plural}`,
    external_select: `selected_option${plural}`,
    users_select: `selected_user${plural}`,
    conversations_select: `selected_conversation${plural}`,
    channels_select: `selected_channel${plural}`,
  }[selectKind(element)];
}

/** What the element starts with: the raw value or values that its payload would carry. */
export function selectInitial(element) {
  const many = isMulti(element);
  const kind = selectKind(element).split('_')[0];
  if (kind === 'static' || kind === 'external') return many ? (element.initial_options ?? []) : (element.initial_option ?? null);
  const noun = { users: 'user', conversations: 'conversation', channels: 'channel' }[kind];
  return many ? (element[`initial_${noun}s`] ?? []) : (element[`initial_${noun}`] ?? null);
}

/** Turns a raw value back into what the menu shows. */
function optionOf(element, raw) {
  if (raw === null || raw === undefined) return null;
  if (typeof raw !== 'string') return plainOption(raw);
  if (selectKind(element) === 'users_select') return userById(raw) ? userOption(userById(raw)) : { key: raw, label: raw, raw };
  const channel = store.data.channels.find((c) => c.id === raw);
  return channel ? channelOption(channel) : { key: raw, label: raw, raw };
}

/** `[{label, options}]` of everything that can be chosen without asking the app. */
function localGroups(element) {
  switch (selectKind(element)) {
    case 'static_select':
      return element.option_groups
        ? element.option_groups.map((group) => ({ label: plainOf(group.label?.text), options: group.options.map(plainOption) }))
        : [{ options: (element.options ?? []).map(plainOption) }];
    case 'users_select':
      return [{ options: people().map(userOption) }];
    case 'channels_select':
      return [{ options: channelsOf(ui.me).filter((c) => !isDirect(c) && !c.is_private).map(channelOption) }];
    case 'conversations_select':
      return [{ options: channelsOf(ui.me).filter(keepsChannel(element.filter)).map(channelOption) }];
    default:
      return [];
  }
}

/** What the app suggests for the words typed (external selects), asked for with a short delay. */
function useSuggestions(element, query, suggest) {
  const [groups, setGroups] = useState(null);
  const external = selectKind(element) === 'external_select';
  useEffect(() => {
    if (!external || query.length < (element.min_query_length ?? 3)) {
      setGroups(null);
      return undefined;
    }
    let stale = false;
    const timer = setTimeout(async () => {
      const answer = await suggest(query);
      if (stale) return;
      setGroups(answer.option_groups
        ? answer.option_groups.map((group) => ({ label: plainOf(group.label?.text), options: group.options.map(plainOption) }))
        : [{ options: (answer.options ?? []).map(plainOption) }]);
    }, SUGGEST_DELAY_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [query, external]);
  return external ? groups : localGroups(element);
}

/** The open list: search field on top, options below; arrows and Enter work. */
function Listbox({ element, anchor, onClose, onPick, chosen, suggest }) {
  const [query, setQuery] = useState('');
  const [cursor, setCursor] = useState(0);
  const input = useRef(null);
  const groups = useSuggestions(element, query, suggest);
  const external = selectKind(element) === 'external_select';
  const wanted = query.toLowerCase();
  const shown = (groups ?? []).map((group) => ({
    ...group,
    options: external ? group.options : group.options.filter((option) => option.label.toLowerCase().includes(wanted)),
  })).filter((group) => group.options.length);
  const flat = shown.flatMap((group) => group.options);
  useEffect(() => input.current?.focus(), []);

  const onKey = (event) => {
    if (event.key === 'ArrowDown') setCursor(Math.min(cursor + 1, flat.length - 1));
    else if (event.key === 'ArrowUp') setCursor(Math.max(cursor - 1, 0));
    else if (event.key === 'Enter' && flat[cursor]) onPick(flat[cursor].raw);
    else return;
    event.preventDefault();
  };
  const empty = groups ? 'No results' : `Type at least ${element.min_query_length ?? 3} characters`;
  return html`<${Popover} anchor=${anchor} onClose=${onClose} matchWidth=${true} label="Options" className="listbox">
    <input class="listbox-search" ref=${input} value=${query} placeholder="Search" aria-label="Search options" data-testid="select-search"
      onInput=${(e) => { setQuery(e.target.value); setCursor(0); }} onKeyDown=${onKey} />
    <div class="listbox-options" role="listbox" aria-multiselectable=${isMulti(element)}>
      ${shown.map((group) => html`<div role="group" aria-label=${group.label}>
        ${group.label && html`<div class="listbox-group">${group.label}</div>`}
        ${group.options.map((option) => html`<button type="button" role="option" data-value=${option.key}
          aria-selected=${chosen.includes(option.key)} class=${cls('option', option === flat[cursor] && 'option-active')}
          onClick=${() => onPick(option.raw)}>${option.view}</button>`)}
      </div>`)}
      ${flat.length === 0 && html`<div class="listbox-empty">${empty}</div>`}
    </div>
  </${Popover}>`;
}

const keyOf = (raw) => (typeof raw === 'string' ? raw : raw?.value);

/** A select menu. `value` is the raw value (or list of them); `onChange` gets the new one. */
export function Select({ element, value, onChange, suggest, busy, labelledBy }) {
  const [anchor, setAnchor] = useState(null);
  const button = useRef(null);
  const many = isMulti(element);
  const values = many ? (value ?? []) : value ? [value] : [];
  const chosen = values.map(keyOf);
  const full = many && element.max_selected_items && values.length >= element.max_selected_items;

  const pick = (raw) => {
    if (!many) {
      setAnchor(null);
      onChange(raw);
      button.current?.focus();
    } else if (chosen.includes(keyOf(raw))) {
      onChange(values.filter((other) => keyOf(other) !== keyOf(raw)));
    } else if (!full) {
      onChange([...values, raw]);
    }
  };
  const placeholder = element.placeholder?.text ?? (many ? 'Select options' : 'Select an option');
  const shown = values.map((raw) => optionOf(element, raw));
  return html`<span class=${cls('select', many && 'select-multi')}>
    <button type="button" class="select-button" ref=${button} disabled=${busy} aria-haspopup="listbox" aria-expanded=${Boolean(anchor)}
      aria-labelledby=${labelledBy} data-action-id=${element.action_id} data-testid="select" onClick=${() => setAnchor(anchor ? null : button.current)}>
      ${shown.length === 0 && html`<span class="select-placeholder">${placeholder}</span>`}
      ${shown.map((option) => html`<span class=${many ? 'select-chip' : 'select-value'} data-value=${option.key}>${option.label}</span>`)}
      <svg class="select-caret" viewBox="0 0 20 20" aria-hidden="true"><path d="M5.500 8l4.500 4.500L14.500 8" fill="none" stroke="currentColor" stroke-width="1.600" /></svg>
    </button>
    ${anchor && html`<${Listbox} element=${element} anchor=${anchor} onClose=${() => setAnchor(null)} onPick=${pick} chosen=${chosen} suggest=${suggest} />`}
  </span>`;
}
