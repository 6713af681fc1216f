// What a person does, sent to the sandbox: POST /sandbox/act/<kind>.
import { toast, ui } from './ui.js';

/**
 * Sends one act of the acting person. Answers the sandbox's JSON, or `{ok: false, error}`.
 * A fault is shown as a toast unless `quiet`.
 */
export async function act(kind, fields, { quiet = false } = {}) {
  let answer;
  try {
    const response = await fetch(`/sandbox/act/${kind}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: ui.me, ...fields }),
    });
    const text = await response.text();
    answer = parse(text) ?? { ok: response.ok, error: text || `HTTP ${response.status}` };
    if (!response.ok) answer.ok = false;
  } catch (error) {
    answer = { ok: false, error: `the sandbox does not answer (${error.message})` };
  }
  // A delivery that failed is told by the sandbox itself, as Slack tells it.
  if (answer.ok === false && !answer.errors && !answer.delivery && !quiet) toast(`That did not work: ${answer.error ?? 'unknown error'}`);
  return answer;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
