// Views opened by the app: modals with inputs, submit and validation, stacked as the app pushes them.
import { act } from './act.js';
import { Avatar } from './avatar.js';
import { Blocks } from './blocks.js';
import { html, useEffect, useRef, useState } from './html.js';
import { Icon, IconButton } from './icons.js';
import { PlainText } from './mrkdwn.js';
import { store, userById } from './state.js';
import { blockIdOf, isEmptyPayload, useSurface } from './surface.js';
import { ui } from './ui.js';

const isModal = (view) => view.type !== 'home';

/** The acting person's topmost modal. */
export function ModalHost() {
  const stack = (store.data.views[ui.me] ?? []).filter(isModal);
  const top = stack.at(-1);
  return top ? html`<${Modal} key=${top.id} view=${top} depth=${stack.length} />` : null;
}

/** What Slack checks before it sends a submit: required fields, lengths, addresses, numbers. */
function faultsOf(view, surface) {
  const faults = {};
  (view.blocks ?? []).forEach((block, i) => {
    if (block.type !== 'input') return;
    const blockId = blockIdOf(block, i);
    const payload = surface.valueOf(blockId, block.element);
    const fault = isEmptyPayload(payload)
      ? !block.optional && 'Please complete this required field.'
      : faultOfText(block.element, payload?.value);
    if (fault) faults[blockId] = fault;
  });
  return faults;
}

function faultOfText(element, value) {
  if (typeof value !== 'string') return null;
  if (element.min_length && value.length < element.min_length) return `Please write at least ${element.min_length} characters.`;
  if (element.max_length && value.length > element.max_length) return `Please write at most ${element.max_length} characters.`;
  if (element.type === 'email_text_input' && !/^\S+@\S+\.\S+$/.test(value)) return 'Please enter a valid email address.';
  if (element.type === 'url_text_input' && !/^https?:\/\/\S+$/i.test(value)) return 'Please enter a valid URL.';
  if (element.type !== 'number_input') return null;
  const number = Number(value);
  if (Number.isNaN(number)) return 'Please enter a number.';
  if (element.min_value !== undefined && number < Number(element.min_value)) return `Please enter a number of at least ${element.min_value}.`;
  if (element.max_value !== undefined && number > Number(element.max_value)) return `Please enter a number of at most ${element.max_value}.`;
  return null;
}

/** Keeps Tab inside the modal. */
function trapFocus(event, root) {
  if (event.key !== 'Tab') return;
  const stops = [...root.querySelectorAll('button:not(:disabled), input, textarea, select, a[href]')].filter((el) => el.offsetParent);
  const [first, last] = [stops[0], stops.at(-1)];
  if (event.shiftKey && document.activeElement === first) last.focus();
  else if (!event.shiftKey && document.activeElement === last) first.focus();
  else return;
  event.preventDefault();
}

function Modal({ view, depth }) {
  const [errors, setErrors] = useState({});
  const [sending, setSending] = useState(false);
  const [trouble, setTrouble] = useState(null);
  const root = useRef(null);
  const surface = useSurface(view.blocks, { view_id: view.id }, {
    errors,
    onSet: (blockId) => setErrors(({ [blockId]: mended, ...rest }) => rest),
  });
  const close = (all) => act('view_close', { view_id: view.id, is_cleared: all });

  useEffect(() => {
    const first = root.current.querySelector('[autofocus], .modal-body input, .modal-body textarea, .modal-body .select-button');
    (first ?? root.current.querySelector('.modal-foot button:last-child'))?.focus();
  }, []);
  useEffect(() => {
    const onKey = (event) => {
      if (event.key === 'Escape' && !document.querySelector('.popover, .scrim-top')) close(false);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [view.id]);

  const submit = async (event) => {
    event.preventDefault();
    const faults = faultsOf(view, surface);
    setErrors(faults);
    setTrouble(null);
    if (Object.keys(faults).length) return;
    setSending(true);
    const answer = await act('view_submit', { view_id: view.id, state: surface.state() }, { quiet: true });
    setSending(false);
    setErrors(answer.errors ?? {});
    if (answer.ok === false && !answer.errors) setTrouble(answer.error ?? 'unknown error');
  };

  const bot = userById(store.data.bot_user_id);
  return html`<div class="scrim">
    <form class="modal" role="dialog" aria-modal="true" aria-labelledby="modal-title" data-testid="modal" data-view-id=${view.id} data-callback-id=${view.callback_id} ref=${root} novalidate onSubmit=${submit} onKeyDown=${(e) => trapFocus(e, root.current)}>
      <header class="modal-head"><${Avatar} user=${bot} size=${32} /><h2 id="modal-title"><${PlainText} text=${view.title?.text ?? ''} /></h2>
        <${IconButton} icon="close" label="Close" testid="modal-x" onClick=${() => close(depth > 1)} /></header>
      <div class="modal-body">
        ${trouble && html`<div class="modal-trouble" role="alert">We had some trouble connecting. Try again? <small>${trouble}</small></div>`}
        <${Blocks} blocks=${view.blocks ?? []} surface=${surface} />
      </div>
      <footer class="modal-foot">
        <button type="button" class="button" data-testid="modal-close" onClick=${() => close(false)}><${PlainText} text=${view.close?.text ?? (view.submit ? 'Cancel' : 'Close')} /></button>
        ${view.submit && html`<button type="submit" class="button primary" data-testid="modal-submit" disabled=${sending || view.submit_disabled}>${sending ? html`<${Icon} name="more" />` : html`<${PlainText} text=${view.submit.text} />`}</button>`}
      </footer>
    </form>
  </div>`;
}
