// A person writes in #support, another confirms the card; the Jira issue, the squad's alert and the updated card appear.
// A customer writes in at Zendesk, and their ticket gets its card. Shortcut's board and Salesforce's records change as
// somebody works in them.
//
//     DESKBELL=target/debug/deskbell node tests/browser/demo.mjs
import assert from 'node:assert/strict';
import { actAs, inChannel, inThread, openChannel, openThreadOf, say, tell, words } from './desk.mjs';

const REQUEST = 'A customer was charged twice for order 20418, please refund one of them';
let seen = 0;

/** Writes into the demo's Salesforce as an app does; gives what it answers. */
async function salesforce(origin) {
  const form = new URLSearchParams({
    grant_type: 'client_credentials', client_id: 'sandbox-salesforce-consumer-key', client_secret: 'sandbox-salesforce-consumer-secret',
  });
  const granted = await (await fetch(`${origin}/salesforce/services/oauth2/token`, { method: 'POST', body: form })).json();
  return async (method, path, fields) => {
    const headers = { authorization: `Bearer ${granted.access_token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${origin}/salesforce/services/data/v62.0/sobjects/${path}`, { method, headers, body: JSON.stringify(fields) });
    assert.ok(answer.ok, await answer.clone().text());
    return answer.json();
  };
}

const saw = (what) => {
  seen += 1;
  console.log(`  saw ${what}`);
};

await tell(['--no-script'], async (page) => {
  assert.equal(await page.getByTestId('app').getAttribute('data-me'), 'U0CARLA', 'the page begins as somebody who may confirm');
  await actAs(page, 'U0ANNA');
  await openChannel(page, 'C0SUPPORT');
  await say(page, REQUEST);
  await openThreadOf(page, REQUEST);
  const card = inThread(page, 'DB-1').filter({ hasText: 'Waiting for a decision' });
  await card.waitFor();
  saw(`the card: ${await words(card)}`);

  await actAs(page, 'U0DEV');
  await openChannel(page, 'C0SUPPORT');
  await openThreadOf(page, REQUEST);
  await card.locator('[data-action-id=confirm]').click();
  const refused = page.locator('[data-testid=message][data-ephemeral=true]');
  await refused.first().waitFor();
  saw(`that a stranger to the squad is refused: ${await words(refused.first())}`);

  await actAs(page, 'U0BEN');
  await openChannel(page, 'C0SUPPORT');
  await openThreadOf(page, REQUEST);
  await card.locator('[data-action-id=confirm]').click();
  const confirmed = inThread(page, 'Confirmed by');
  await confirmed.first().waitFor();
  const issue = page.getByTestId('jira-card').filter({ hasText: 'charged twice' });
  if (!(await page.getByTestId('jira').isVisible())) await page.getByTestId('rail-jira').click();
  await issue.waitFor();
  const key = await issue.getAttribute('data-key');
  assert.match(key, /^PAY-\d+$/);
  assert.equal(await issue.count(), 1, 'one Jira issue');
  saw(`the Jira issue ${key}: ${await words(issue)}`);

  await issue.click();
  const description = page.getByTestId('jira-issue').locator('.jira-text').first();
  await description.locator('a', { hasText: 'open the conversation' }).waitFor();
  assert.match(await words(description), /Asked by Anna Lindqvist/);
  assert.ok(await description.locator('blockquote', { hasText: 'charged twice' }).count(), 'the request is a quotation');
  assert.ok(await description.locator('strong', { hasText: 'Asked by' }).count(), 'what is bold in Jira is bold');
  saw(`the issue as Jira shows it: ${await words(description)}`);
  await page.getByTestId('jira-back').click();

  const updated = confirmed.filter({ hasText: key });
  await updated.first().waitFor();
  assert.equal(await page.getByTestId('thread-pane').locator('[data-action-id=confirm]').count(), 0, 'the buttons are gone');
  saw(`the updated card: ${await words(updated.first())}`);

  await openChannel(page, 'C0PAYMENTS');
  const alert = inChannel(page, 'charged twice').filter({ has: page.locator('[data-action-id=claim]') });
  await alert.first().waitFor();
  assert.equal(await alert.count(), 1, 'one alert');
  saw(`the alert in #payments: ${await words(alert)}`);

  await alert.locator('[data-action-id=claim]').click();
  await inChannel(page, 'charged twice').filter({ hasNot: page.locator('[data-action-id=claim]') }).first().waitFor();
  saw(`that the alert is claimed: ${await words(inChannel(page, 'charged twice').first())}`);

  await page.getByTestId('rail-zendesk').click();
  await page.getByTestId('zendesk-subject').fill('Login');
  await page.getByTestId('zendesk-text').fill('Nobody here can log in with SSO since this morning');
  await page.getByTestId('zendesk-ask').click();
  const ticket = page.getByTestId('zendesk-ticket').filter({ hasText: 'Ivy Cole' });
  await ticket.click();
  await page.getByTestId('zendesk-comment').filter({ hasText: 'SSO' }).waitFor();
  await openChannel(page, 'C0TRIAGE');
  const asked = inChannel(page, 'Ivy Cole').filter({ hasText: 'Waiting for a decision' });
  await asked.first().waitFor();
  saw(`the card of a customer's ticket in Zendesk: ${await words(asked.first())}`);
  assert.match(await words(asked.first()), /Cole Consulting · Standard · owner/, 'the card shows who asks');

  await actAs(page, 'U0CARLA');
  await openChannel(page, 'C0TRIAGE');
  await asked.first().locator('[data-action-id=confirm]').click();
  await openChannel(page, 'C0IDENTITY');
  const taken = inChannel(page, 'log in with SSO');
  await taken.locator('[data-action-id=claim]').first().click();
  await taken.locator('[data-action-id=resolve]').first().click();
  await page.getByTestId('rail-salesforce').click();
  await page.getByTestId('salesforce-account').filter({ hasText: 'Cole Consulting' }).click();
  const kept = page.getByTestId('salesforce-task').filter({ hasText: 'SSO' });
  await kept.waitFor();
  saw(`the resolution in the customer's record: ${await words(kept)}`);
  await page.getByTestId('salesforce-back').click();

  await page.getByTestId('rail-shortcut').click();
  await page.getByTestId('shortcut-name').fill('Retry refunds that time out');
  await page.getByTestId('shortcut-add').click();
  const story = page.getByTestId('shortcut-card').filter({ hasText: 'Retry refunds' });
  await story.click();
  await page.getByTestId('shortcut-move').selectOption('In Progress');
  await page.getByTestId('shortcut-back').click();
  const moved = page.locator('[data-testid=shortcut-state][data-state="In Progress"]').getByTestId('shortcut-card');
  await moved.waitFor();
  saw(`a story that moved on Shortcut's board: ${await words(moved)}`);

  await page.getByTestId('rail-salesforce').click();
  const acme = page.getByTestId('salesforce-account').filter({ hasText: 'Acme Corp' });
  assert.match(await words(acme), /2 open Enterprise/);
  await page.getByTestId('salesforce-cases').click();
  const sales = await salesforce(new URL(page.url()).origin);
  const { id } = await sales('PATCH', 'Case/Deskbell_Id__c/DB-1', { Subject: 'Charged twice for order 20418' });
  await page.getByTestId('salesforce-case').filter({ hasText: 'DB-1' }).click();
  await sales('POST', 'CaseComment', { ParentId: id, CommentBody: 'Refunded one of the two charges' });
  await page.getByTestId('salesforce-comment').filter({ hasText: 'Refunded' }).waitFor();
  await sales('POST', 'Task', { WhatId: id, Subject: 'Conversation in Slack', Status: 'Completed' });
  const task = page.getByTestId('salesforce-task').filter({ hasText: 'Conversation in Slack' });
  await task.waitFor();
  saw(`a Salesforce case with its comment and its task: ${await words(page.getByTestId('salesforce-open'))}`);
});
console.log(process.exitCode ? 'browser: FAILED' : `browser: ${seen} things seen`);
