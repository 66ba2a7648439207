// What the nodes keep and which nodes there are, asked for in the browser like every other action.
import { labels } from '../fixtures/labels.ts';
import {
  becomeOperator,
  confirm,
  expectStage,
  OPERATOR,
  PASSWORD,
  put,
} from '../fixtures/steps.ts';
import { expect, type Page, test } from '../fixtures/test.ts';

/** Asks for an explanation with the fields as they are filled in, then confirms. */
async function run(page: Page, title: string, typed?: string): Promise<string> {
  await labels.reason(page).fill('a drill');
  await labels.explain(page).click();
  await expectStage(page, 'explained');
  if (typed === undefined) await labels.confirm(page, title).click();
  else await confirm(page, title, typed);
  await expectStage(page, 'executed');
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

test('a checkpoint is taken, the log purged behind it, and the node verified', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await put(plane, 'a', 'one');
  const form = (kind: string) => page.goto(`${plane.console}/actions/new?kind=${kind}&node=n2`);
  await form('take_checkpoint');
  await run(page, 'take a checkpoint of n2');
  await form('purge_log');
  await page.getByLabel('The last position that is given back.').fill('1');
  await run(page, 'purge the log of n2 up to 1', 'n2');
  await form('verify_node');
  await run(page, 'verify n2');
  await expect(page.locator('main')).not.toContainText('DAMAGED');
});

test('a backup becomes a cluster of its own, and a name is given once', async ({
  page,
  plane,
  complaints,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  await put(plane, 'a', 'kept');
  await page.goto(`${plane.console}/actions/new?kind=create_backup`);
  await page.getByLabel('The name of the backup.').fill('nightly');
  await run(page, 'create the backup nightly');
  complaints.expectStatus(412);
  const ask = ['request', 'create_backup', '--name', 'nightly', '--reason', 'again'];
  expect(plane.run(ask).code).toBe(3);
});

test('a node joins by name as a learner, and leaves for good', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/actions/new?kind=add_replica`);
  await expect(page.getByRole('radio')).toHaveCount(0);
  await page.getByLabel('The name of the new node.').fill('n4');
  await run(page, 'add n4 as a learner');
  await page.goto(`${plane.console}/`);
  await expect(page.getByRole('row', { name: /^n4/ }).first()).toContainText('learner');
  await page.goto(`${plane.console}/actions/new?kind=remove_replica&node=n4`);
  await run(page, 'remove n4 for good', 'n4');
});
