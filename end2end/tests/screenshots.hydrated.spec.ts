// Pictures of the console for the documents, and to be looked at: every page that an operator meets in
// the first hour. They are written to test-results/screenshots. With SCREENSHOTS=all they are taken at
// three widths in both themes, which takes minutes; else wide and light, and narrow and dark.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, becomeOperator, confirm, expectStage, put } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

const FOLDER = join(fileURLToPath(new URL('..', import.meta.url)), 'test-results', 'screenshots');
const ALL = [360, 900, 1440].flatMap(
  (width) => [{ width, theme: 'light' } as const, { width, theme: 'dark' } as const],
);
const SOME = [{ width: 1440, theme: 'light' } as const, { width: 360, theme: 'dark' } as const];
const VIEWS = process.env.SCREENSHOTS === 'all' ? ALL : SOME;

test('the pages of the first hour are pictured, and none scrolls sideways', async ({
  page,
  plane,
  complaints,
}) => {
  test.setTimeout(process.env.SCREENSHOTS === 'all' ? 600_000 : 180_000);
  mkdirSync(FOLDER, { recursive: true });
  const picture = async (name: string) => {
    for (const { width, theme } of VIEWS) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 900 });
      const path = join(FOLDER, `${name}-${width}-${theme}.png`);
      // The whole reference is many screens long.
      await page.screenshot({ path, fullPage: name !== 'reference' });
      const wider = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(wider, `${name} at ${width}`).toBeLessThanOrEqual(0);
    }
  };
  await page.goto(`${plane.console}/login`);
  await picture('sign-in');
  await becomeOperator(page, plane);
  await put(plane, 'a', 'hello');
  for (const [name, path] of [
    ['overview', '/'],
    ['catalogue', '/actions/new'],
    ['new-action', '/actions/new?kind=switchover&to=n2'],
    ['reference', '/reference'],
  ] as const) {
    await page.goto(plane.console + path);
    await picture(name);
  }
  await ask(page, plane, 'kind=switchover&to=n2', 'planned work on n1');
  await picture('explained');
  await confirm(page, 'switchover to n2', 'n2');
  await expectStage(page, 'executed');
  await picture('executed');
  complaints.expectStatus(412);
  await ask(page, plane, 'kind=switchover&to=n2', 'again');
  await expectStage(page, 'rejected');
  await picture('rejected');
  for (const [name, path] of [
    ['actions', '/actions'],
    ['log', '/log'],
    ['report', '/report'],
  ] as const) {
    await page.goto(plane.console + path);
    await picture(name);
  }
});
