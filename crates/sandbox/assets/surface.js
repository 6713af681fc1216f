// What blocks stand on: a message or a view. A surface holds the values typed and chosen so far and sends actions.
import { act } from './act.js';
import { createContext, useContext, useRef, useState } from './html.js';
import { selectField, selectInitial } from './select.js';
import { askConfirm } from './dialog.js';

export const Surface = createContext(null);

const isSelect = (element) => /_select$/.test(element.type);

const initialOf = {
  plain_text_input: (e) => ({ value: e.initial_value ?? null }),
  email_text_input: (e) => ({ value: e.initial_value ?? null }),
  url_text_input: (e) => ({ value: e.initial_value ?? null }),
  number_input: (e) => ({ value: e.initial_value ?? null }),
  rich_text_input: (e) => ({ rich_text_value: e.initial_value ?? null }),
  datepicker: (e) => ({ selected_date: e.initial_date ?? null }),
  timepicker: (e) => ({ selected_time: e.initial_time ?? null }),
  datetimepicker: (e) => ({ selected_date_time: e.initial_date_time ?? null }),
  radio_buttons: (e) => ({ selected_option: e.initial_option ?? null }),
  checkboxes: (e) => ({ selected_options: e.initial_options ?? [] }),
};

/** The payload of an element that nobody has touched; null for elements without a value, such as buttons. */
export function initialPayload(element) {
  if (isSelect(element)) return { type: element.type, [selectField(element)]: selectInitial(element) };
  const initial = initialOf[element.type];
  return initial ? { type: element.type, ...initial(element) } : null;
}

/** Every element of the blocks that has a value: `[{block, element}]`. */
export function valueElements(blocks) {
  return (blocks ?? []).flatMap((block, i) => {
    const candidates = [block.element, block.accessory, ...(block.type === 'actions' ? (block.elements ?? []) : [])];
    return candidates
      .filter((element) => element?.type && initialPayload(element))
      .map((element) => ({ block, blockId: blockIdOf(block, i), element }));
  });
}

export const blockIdOf = (block, index) => block.block_id ?? `block-${index}`;

/** Nothing chosen or typed yet. */
export function isEmptyPayload(payload) {
  const { type, ...rest } = payload ?? {};
  return Object.values(rest).every((value) => value === null || value === '' || value === undefined || (Array.isArray(value) && !value.length));
}

/**
 * The surface for `blocks`; `target` is `{channel, message_ts}` or `{view_id}`; `onSet` hears of each changed block.
 * Values outlive an update of the blocks as long as block_id and action_id stay, as Slack keeps them.
 */
export function useSurface(blocks, target, { errors = {}, onSet } = {}) {
  const [values, setValues] = useState({});
  const [busy, setBusy] = useState(null);
  const latest = useRef(values);
  latest.current = values;

  const valueOf = (blockId, element) => latest.current[blockId]?.[element.action_id] ?? initialPayload(element);
  const setValue = (blockId, element, payload) => {
    const block = { ...latest.current[blockId], [element.action_id]: { type: element.type, ...payload } };
    latest.current = { ...latest.current, [blockId]: block };
    setValues(latest.current);
    onSet?.(blockId);
  };
  const state = () => {
    const all = {};
    for (const { blockId, element } of valueElements(blocks)) (all[blockId] ??= {})[element.action_id] = valueOf(blockId, element);
    return { values: all };
  };
  const dispatch = async (blockId, element, payload) => {
    if (element.confirm && !(await askConfirm(element.confirm))) return;
    setBusy(`${blockId}/${element.action_id}`);
    await act('block_action', { ...target, block_id: blockId, action_id: element.action_id, type: element.type, ...payload, state: state() });
    setBusy(null);
  };
  const suggest = (blockId, element, value) =>
    act('suggestions', { ...target, block_id: blockId, action_id: element.action_id, value });
  return { valueOf, setValue, state, dispatch, suggest, errors, isBusy: (blockId, element) => busy === `${blockId}/${element.action_id}` };
}

/** What one element needs: its value, how to change it, and whether its action is under way. */
export function useElement(element, blockId, { quiet = false } = {}) {
  const surface = useContext(Surface);
  return {
    payload: surface.valueOf(blockId, element) ?? {},
    busy: surface.isBusy(blockId, element),
    /** Keeps the value without telling the app. */
    keep: (payload) => surface.setValue(blockId, element, payload),
    /** Keeps the value and, unless the element waits for a submit, tells the app. */
    change: (payload) => {
      surface.setValue(blockId, element, payload);
      if (!quiet) surface.dispatch(blockId, element, payload);
    },
    dispatch: (payload) => surface.dispatch(blockId, element, payload),
    suggest: (value) => surface.suggest(blockId, element, value),
  };
}
