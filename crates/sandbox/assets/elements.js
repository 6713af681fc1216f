// Block Kit's interactive elements. Each gets `{element, blockId, quiet}`; quiet ones wait for the modal's submit.
import { cls, html } from './html.js';
import { Text } from './mrkdwn.js';
import { Popover, usePopover } from './popover.js';
import { Select, selectField } from './select.js';
import { useElement } from './surface.js';
import { followInside } from './ui.js';

function Button({ element, blockId }) {
  const { dispatch, busy } = useElement(element, blockId);
  const press = () => {
    if (element.url && !followInside(element.url)) window.open(element.url, '_blank', 'noopener');
    dispatch({ value: element.value });
  };
  return html`<button type="button" class=${cls('button', element.style, element.type === 'workflow_button' && 'workflow', busy && 'busy')} data-action-id=${element.action_id}
    data-value=${element.value} aria-label=${element.accessibility_label} aria-busy=${busy} disabled=${busy} onClick=${press}><${Text} of=${element.text} /></button>`;
}

function SelectElement({ element, blockId, quiet }) {
  const { payload, change, suggest, busy } = useElement(element, blockId, { quiet });
  const field = selectField(element);
  return html`<${Select} element=${element} value=${payload[field]} busy=${busy} suggest=${suggest} onChange=${(value) => change({ [field]: value })} />`;
}

function Overflow({ element, blockId }) {
  const { dispatch, busy } = useElement(element, blockId);
  const [anchor, toggle, close] = usePopover();
  const pick = (option) => {
    close();
    if (option.url && !followInside(option.url)) window.open(option.url, '_blank', 'noopener');
    dispatch({ selected_option: option });
  };
  return html`<button type="button" class="button overflow" aria-label="More options" aria-haspopup="menu" data-action-id=${element.action_id} disabled=${busy} onClick=${toggle}>
      <svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="4.500" cy="10" r="1.600" /><circle cx="10" cy="10" r="1.600" /><circle cx="15.500" cy="10" r="1.600" /></svg>
    </button>
    ${anchor && html`<${Popover} anchor=${anchor} onClose=${close} role="menu" label="More options" className="menu">
      ${(element.options ?? []).map((option) => html`<button type="button" role="menuitem" class="menu-item" data-value=${option.value} onClick=${() => pick(option)}>
        <span class="menu-label"><${Text} of=${option.text} />${option.description && html`<small><${Text} of=${option.description} /></small>`}</span></button>`)}
    </${Popover}>`}`;
}

/** Date, time and number fields use the browser's own pickers, which bring their keyboard and screen reader support. */
const nativeField = (type, field, toNative = (v) => v, fromNative = (v) => v) =>
  function NativeField({ element, blockId, quiet, labelledBy }) {
    const { payload, change } = useElement(element, blockId, { quiet });
    return html`<input class="field field-native" type=${type} value=${toNative(payload[field]) ?? ''} data-action-id=${element.action_id} aria-labelledby=${labelledBy}
      placeholder=${element.placeholder?.text} onChange=${(e) => change({ [field]: e.target.value ? fromNative(e.target.value) : null })} />`;
  };

const localDateTime = (seconds) => {
  if (!seconds) return '';
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

function Choices({ element, blockId, quiet, many }) {
  const { payload, change } = useElement(element, blockId, { quiet });
  const chosen = many ? (payload.selected_options ?? []) : [payload.selected_option].filter(Boolean);
  const isChosen = (option) => chosen.some((other) => other.value === option.value);
  const pick = (option) => {
    if (!many) change({ selected_option: option });
    else if (isChosen(option)) change({ selected_options: chosen.filter((other) => other.value !== option.value) });
    else change({ selected_options: [...chosen, option] });
  };
  return html`<div class="choices" role=${many ? 'group' : 'radiogroup'} data-action-id=${element.action_id}>
    ${(element.options ?? []).map((option) => html`<label class="choice">
      <input type=${many ? 'checkbox' : 'radio'} name=${`${blockId}-${element.action_id}`} value=${option.value} checked=${isChosen(option)} onChange=${() => pick(option)} />
      <span><${Text} of=${option.text} />${option.description && html`<small><${Text} of=${option.description} /></small>`}</span>
    </label>`)}
  </div>`;
}

/** One-line and multi-line text. Enter in a field with `dispatch_action` tells the app. */
function TextInput({ element, blockId, quiet, labelledBy }) {
  const { payload, keep, dispatch } = useElement(element, blockId);
  const type = { email_text_input: 'email', url_text_input: 'url', number_input: 'number' }[element.type] ?? 'text';
  const fires = element.dispatch_action_config?.trigger_actions_on ?? ['on_enter_pressed'];
  const onInput = (event) => {
    const value = event.target.value || null;
    keep({ value });
    if (!quiet && fires.includes('on_character_entered')) dispatch({ value });
  };
  const onKey = (event) => {
    if (event.key !== 'Enter' || element.multiline || quiet || !fires.includes('on_enter_pressed')) return;
    event.preventDefault();
    dispatch({ value: payload.value });
  };
  const shared = {
    class: 'field', value: payload.value ?? '', placeholder: element.placeholder?.text, maxlength: element.max_length, autofocus: element.focus_on_load,
    'data-action-id': element.action_id, 'aria-labelledby': labelledBy, onInput, onKeyDown: onKey,
  };
  if (element.multiline) return html`<textarea rows="4" ...${shared}></textarea>`;
  return html`<input type=${type} step=${element.is_decimal_allowed ? 'any' : undefined} min=${element.min_value} max=${element.max_value} ...${shared} />`;
}

const plainOfRich = (value) => (value?.elements ?? []).flatMap((group) => (group.elements ?? []).map((leaf) => leaf.text ?? '')).join('');
const richOfPlain = (text) => (text
  ? { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }] } : null);

function RichTextInput({ element, blockId, labelledBy }) {
  const { payload, keep } = useElement(element, blockId);
  return html`<textarea rows="4" class="field" data-action-id=${element.action_id} aria-labelledby=${labelledBy} placeholder=${element.placeholder?.text}
    value=${plainOfRich(payload.rich_text_value)} onInput=${(e) => keep({ rich_text_value: richOfPlain(e.target.value) })}></textarea>`;
}

function ImageElement({ element }) {
  return html`<img class="element-image" src=${element.image_url ?? element.slack_file?.url} alt=${element.alt_text ?? ''} />`;
}

function FeedbackButtons({ element, blockId }) {
  const both = [element.positive_button, element.negative_button].filter(Boolean);
  return both.map((half, i) => html`<${Button} blockId=${blockId} element=${{ ...half, text: { type: 'plain_text', text: `${i ? '👎' : '👍'} ${half.text?.text ?? ''}` }, type: 'feedback_buttons', action_id: element.action_id }} />`);
}

const elements = {
  button: Button,
  workflow_button: Button,
  overflow: Overflow,
  datepicker: nativeField('date', 'selected_date'),
  timepicker: nativeField('time', 'selected_time'),
  datetimepicker: nativeField('datetime-local', 'selected_date_time', localDateTime, (text) => Math.floor(new Date(text).getTime() / 1000)),
  radio_buttons: Choices,
  checkboxes: (props) => html`<${Choices} ...${props} many=${true} />`,
  plain_text_input: TextInput,
  email_text_input: TextInput,
  url_text_input: TextInput,
  number_input: TextInput,
  rich_text_input: RichTextInput,
  feedback_buttons: FeedbackButtons,
  image: ImageElement,
};

/** Draws one element, or names its type when this page does not know it. */
export function Element({ element, blockId, quiet, labelledBy }) {
  const known = /_select$/.test(element.type) ? SelectElement : elements[element.type];
  if (!known) return html`<span class="unknown">${element.type}</span>`;
  return html`<${known} element=${element} blockId=${blockId} quiet=${quiet} labelledBy=${labelledBy} />`;
}
