// Starts `deskbell demo`, opens its page in headless Chromium, and says how a person finds things on it.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const BROWSER_FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const START_MS = 30_000;
/** How long a person waits for what Deskbell does, a slow machine in mind. */
export const WAIT_MS = 60_000;

const program = process.env.DESKBELL ?? 'target/debug/deskbell';
const out = process.env.OUT ?? 'target/browser';

/** Starts the demo and gives the page's address and a way to end it. */
export async function startDemo(...args) {
  const child = spawn(program, ['demo', '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const url = new Promise((resolve, reject) => {
    const read = (chunk) => {
      printed += chunk;
      const found = /^\s+(http:\/\/127\.0\.0\.1:\d+)\s*$/m.exec(printed);
      if (found) resolve(found[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`deskbell demo ended with ${code}:\n${printed}`)));
    setTimeout(() => reject(new Error(`deskbell demo printed no address:\n${printed}`)), START_MS).unref();
  });
  const gone = new Promise((resolve) => child.on('exit', resolve));
  const stop = async () => {
    child.kill('SIGINT');
    const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await gone;
    clearTimeout(killer);
  };
  try {
    return { url: await url, stop, printed: () => printed };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Opens the page. `faults` fills with whatever the page complains about. */
export async function openPage(url, viewport = { width: 1500, height: 950 }) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: BROWSER_FLAGS });
  const page = await browser.newPage({ viewport, deviceScaleFactor: 1 });
  page.setDefaultTimeout(WAIT_MS);
  const faults = [];
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
  await page.goto(url);
  await page.getByTestId('app').waitFor();
  return { browser, page, faults };
}

export async function actAs(page, user) {
  await page.getByTestId('act-as').click();
  await page.locator(`[data-testid=person][data-user=${user}]`).click();
  await page.locator(`[data-testid=app][data-me=${user}]`).waitFor();
}

export async function openChannel(page, channel) {
  await page.locator(`[data-testid=channel-row][data-channel=${channel}]`).click();
  await page.locator(`[data-testid=channel-pane][data-channel=${channel}]`).waitFor();
}

export async function say(page, text) {
  await page.getByTestId('composer-input').fill(text);
  await page.getByTestId('composer').getByTestId('send').click();
}

/** The channel's messages that hold `text`. */
export const inChannel = (page, text) => page.getByTestId('channel-pane').getByTestId('message').filter({ hasText: text });
/** The open thread's messages that hold `text`. */
export const inThread = (page, text) => page.getByTestId('thread-pane').getByTestId('message').filter({ hasText: text });

export async function openThreadOf(page, text) {
  await inChannel(page, text).getByTestId('thread-line').click();
  await page.getByTestId('thread-pane').waitFor();
}

/** What an element says, on one line. */
export const words = async (locator) => (await locator.innerText()).replace(/\s+/g, ' ').trim();

/** Runs `story`; on failure keeps a screenshot and what Deskbell printed, and exits with 1. */
export async function tell(args, story) {
  const demo = await startDemo(...args);
  let opened;
  try {
    opened = await openPage(demo.url);
    await story(opened.page);
    if (opened.faults.length > 0) throw new Error(`the page complained:\n${opened.faults.join('\n')}`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`FAILED: ${error.stack}`);
    mkdirSync(out, { recursive: true });
    const picture = join(out, 'failure.png');
    await opened?.page.screenshot({ path: picture }).then(() => console.error(`screenshot: ${picture}`), () => {});
    console.error(`deskbell printed:\n${demo.printed()}`);
  } finally {
    await opened?.browser.close();
    await demo.stop();
  }
}
