// Small yes-or-no dialogs: Block Kit's `confirm` objects and the page's own questions.
import { html, useEffect, useRef } from './html.js';
import { Text } from './mrkdwn.js';
import { changed, useStore } from './state.js';

let open = null;

/** Asks with a Block Kit confirm object; resolves to whether the person agreed. */
export function askConfirm(confirm) {
  return new Promise((resolve) => {
    open = { confirm, resolve };
    changed();
  });
}

export function DialogHost() {
  useStore();
  return open ? html`<${ConfirmDialog} ...${open} />` : null;
}

function ConfirmDialog({ confirm, resolve }) {
  const yes = useRef(null);
  const answer = (agreed) => {
    open = null;
    changed();
    resolve(agreed);
  };
  useEffect(() => {
    yes.current?.focus();
    const onKey = (event) => event.key === 'Escape' && answer(false);
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return html`<div class="scrim scrim-top">
    <div class="modal dialog" role="alertdialog" aria-modal="true" aria-label=${confirm.title?.text ?? 'Are you sure?'} data-testid="confirm-dialog">
      <header class="modal-head"><h2><${Text} of=${confirm.title ?? 'Are you sure?'} /></h2></header>
      <div class="modal-body"><${Text} of=${confirm.text} /></div>
      <footer class="modal-foot">
        <button type="button" class="button" data-testid="confirm-no" onClick=${() => answer(false)}><${Text} of=${confirm.deny ?? 'Cancel'} /></button>
        <button type="button" ref=${yes} class=${confirm.style === 'danger' ? 'button danger' : 'button primary'} data-testid="confirm-yes"
          onClick=${() => answer(true)}><${Text} of=${confirm.confirm ?? 'Yes'} /></button>
      </footer>
    </div>
  </div>`;
}
