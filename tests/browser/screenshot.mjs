// Makes docs/demo.png, and docs/demo.gif beside it, from a played demo:
//
//     DESKBELL=target/release/deskbell node tests/browser/screenshot.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import gifenc from 'gifenc';
import { PNG } from 'pngjs';
import { WAIT_MS, actAs, inChannel, inThread, openChannel, openThreadOf, say, tell } from './desk.mjs';

const { GIFEncoder, applyPalette, quantize } = gifenc;
const docs = join(dirname(fileURLToPath(import.meta.url)), '../../docs');
const SIZE = { width: 1440, height: 900 };
const SCRIPTED = 'Checkout fails for Contoso';
const REQUEST = 'Payouts to Wingtip Toys are missing since Friday, the bank says nothing arrived. Please look today';

class Film {
  frames = [];

  async take(page, milliseconds) {
    await page.mouse.move(720, 300);
    this.frames.push({ png: PNG.sync.read(await page.screenshot()), milliseconds });
  }

  bytes() {
    const gif = GIFEncoder();
    for (const { png, milliseconds } of this.frames) {
      const palette = quantize(png.data, 128);
      gif.writeFrame(applyPalette(png.data, palette), png.width, png.height, { palette, delay: milliseconds });
    }
    gif.finish();
    return gif.bytes();
  }
}

const confirmCard = async (page, request) => {
  await openThreadOf(page, request);
  await inThread(page, 'Waiting for a decision').locator('[data-action-id=confirm]').click();
  await inThread(page, 'Confirmed by').filter({ hasText: 'Jira' }).first().waitFor();
};

await tell(['--speed', '1.5'], async (page) => {
  await page.setViewportSize(SIZE);
  await actAs(page, 'U0GRACE');
  await openChannel(page, 'C0SUPPORT');
  await inChannel(page, 'thanks!').waitFor({ timeout: 3 * WAIT_MS });
  await confirmCard(page, SCRIPTED);

  const film = new Film();
  await actAs(page, 'U0ELENA');
  await openChannel(page, 'C0SUPPORT');
  await page.getByTestId('composer-input').fill(REQUEST);
  await film.take(page, 2200);
  await say(page, REQUEST);
  await inChannel(page, REQUEST).getByTestId('thread-line').waitFor();
  await film.take(page, 1200);
  await actAs(page, 'U0GRACE');
  await openChannel(page, 'C0SUPPORT');
  await openThreadOf(page, REQUEST);
  await inThread(page, 'Waiting for a decision').waitFor();
  await film.take(page, 3500);
  await inThread(page, 'Waiting for a decision').locator('[data-action-id=confirm]').click();
  await inThread(page, 'Confirmed by').filter({ hasText: 'Jira' }).first().waitFor();
  await page.getByTestId('jira-card').filter({ hasText: 'Wingtip' }).first().waitFor();
  await film.take(page, 3500);
  mkdirSync(docs, { recursive: true });
  await page.screenshot({ path: join(docs, 'demo.png') });
  await openChannel(page, 'C0PAYMENTS');
  const alert = inChannel(page, 'Wingtip').filter({ has: page.locator('[data-action-id=claim]') });
  await alert.waitFor();
  await film.take(page, 2500);
  await alert.locator('[data-action-id=claim]').click();
  await inChannel(page, 'Wingtip').filter({ has: page.locator('[data-action-id=resolve]') }).first().waitFor();
  await film.take(page, 3000);
  writeFileSync(join(docs, 'demo.gif'), film.bytes());
});
