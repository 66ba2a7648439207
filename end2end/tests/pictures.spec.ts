// The pictures of the documents. They are taken from a real console with a history that is the same
// every time; ids and times are those of the run. Always the same size, so that a page does not jump.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from '../fixtures/library.ts';
import { ROOT } from '../fixtures/server.ts';
import { expect } from '../fixtures/test.ts';

const FOLDER = join(ROOT, 'docs/images');
const SIZE = { width: 1120, height: 720 };

test.use({ viewport: SIZE, colorScheme: 'light', reducedMotion: 'reduce', timezoneId: 'UTC' });

test('the documents show the console as it is', async ({ page, library }) => {
  mkdirSync(FOLDER, { recursive: true });
  const { executed, explained, rejected, observation } = library;
  for (const [name, address, from] of [
    ['overview', '/', 'h1'],
    ['new-action', '/actions/new?kind=switchover', 'h1'],
    ['explained', `/actions/${explained}`, 'h1'],
    ['decision', `/actions/${explained}`, '.decision'],
    ['executed', `/actions/${executed}`, 'h1'],
    ['rejected', `/actions/${rejected}`, 'h1'],
    ['observation', `/observations/${observation}`, 'h1'],
    ['timeline', '/timeline?kind=actions', 'table'],
    ['log', '/log?kind=executed', 'h1'],
  ] as const) {
    await page.goto(address);
    await expect(page.locator('time[data-local]').first()).toBeAttached();
    if (from !== 'h1') {
      await page.locator(`main ${from}`).first().evaluate((part) => part.scrollIntoView());
    }
    // What is about the moment is left out: a picture is not the present.
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' });
  }
});
