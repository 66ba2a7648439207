// A stop in the middle: the outcome is unknown, that holds everything else up, and an operator closes it.
import { labels } from '../fixtures/labels.ts';
import {
  type ActionJson,
  ask,
  becomeOperator,
  expectStage,
  kinds,
  OPERATOR,
  PASSWORD,
  signIn,
} from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

const BATCHES = 25;
const AT_ONCE = 40;
const VALUE = 'x'.repeat(60_000);

test('an order that was cut off is unknown, in that word, until an operator resolves it', async ({
  page,
  plane,
  complaints,
}) => {
  test.setTimeout(120_000);
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  // So much that a backup of it is still under way when the power goes.
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const keys = Array.from({ length: AT_ONCE }, (_, number) => `${batch}-${number}`);
    const sent = keys.map((key) => fetch(`${plane.data}/kv/${key}`, { method: 'PUT', body: VALUE }));
    for (const answer of await Promise.all(sent)) expect(answer.status).toBe(200);
  }
  await page.goto(`${plane.console}/actions/new?kind=create_backup`);
  await page.getByLabel(/name of the backup/).fill('nightly');
  await labels.reason(page).fill('cut off in the middle');
  await labels.explain(page).click();
  await expectStage(page, 'explained');
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  // The power goes as soon as the order is out, whatever the page shows by then.
  complaints.expectLostServer();
  const cutOff = page.waitForEvent('framenavigated');
  await labels.confirm(page, 'create the backup nightly').click({ noWaitAfter: true });
  let stage = 'explained';
  while (['explained', 'confirmed'].includes(stage)) {
    const answer = await page.request.get(`${plane.console}/api/v1/actions/${id}`);
    stage = ((await answer.json()) as ActionJson).stage;
  }
  await plane.kill();
  expect(stage).toBe('dispatched');
  await cutOff;
  await page.goto('about:blank');
  await plane.start();

  await page.context().clearCookies();
  await signIn(page, plane, OPERATOR);
  await page.goto(`${plane.console}/actions/${id}`);
  await expectStage(page, 'unknown, interrupted: outcome unknown');
  expect(kinds(plane, id)).toEqual(['requested', 'explained', 'confirmed', 'dispatched']);
  complaints.expectStatus(412);
  await ask(page, plane, 'kind=stop_writes', 'not before that is closed');
  await expectStage(page, 'rejected');
  await expect(page.locator('main')).toContainText('nothing_unresolved');

  await page.goto(`${plane.console}/actions/${id}`);
  await labels.reason(page).fill('asked the kernel');
  await labels.resolve(page).click();
  await expect(page.locator('main')).not.toContainText('Resolve the action');
  const ended = kinds(plane, id).slice(4);
  expect(ended[0]).toBe('settle_requested');
  expect(['executed', 'voided']).toContain(ended[1]);
});
