// A person writes in #support, another confirms the card; the Jira issue, the squad's alert and the updated card appear.
// A customer writes in at Zendesk, and their ticket gets its card.
//
//     DESKBELL=target/debug/deskbell node tests/browser/demo.mjs
import assert from 'node:assert/strict';
import { actAs, inChannel, inThread, openChannel, openThreadOf, say, tell, words } from './desk.mjs';

const REQUEST = 'A customer was charged twice for order 20418, please refund one of them';
let seen = 0;
const saw = (what) => {
  seen += 1;
  console.log(`  saw ${what}`);
};

await tell(['--no-script'], async (page) => {
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
});
console.log(process.exitCode ? 'browser: FAILED' : `browser: ${seen} things seen`);
