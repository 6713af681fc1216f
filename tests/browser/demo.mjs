// A person writes in #support, another confirms the card; the Jira issue, the squad's alert and the updated card appear.
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
});
console.log(process.exitCode ? 'browser: FAILED' : `browser: ${seen} things seen`);
