// The main job: ask, read, confirm, see what came of it, find the trail.
import { labels, nodeCell } from '../fixtures/labels.ts';
import {
  type ActionJson,
  ask,
  becomeOperator,
  confirm,
  expectStage,
  kinds,
  OPERATOR,
  PASSWORD,
  put,
} from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

const REASON = 'replace the memory of n1';
const WHOLE_TRAIL = ['requested', 'explained', 'confirmed', 'dispatched', 'executed'];

test('a wrong target name stops it before the kernel', async ({ page, plane, complaints }) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const id = await ask(page, plane, 'kind=switchover&to=n2', REASON);
  complaints.expectStatus(400);
  complaints.expectStatus(409);
  complaints.expectStatus(422);
  await confirm(page, 'switchover to n2', 'n3');
  await expect(page.locator('main')).toContainText('target_typed');
  expect(plane.json<ActionJson>(['show', id]).stage).toBe('explained');
  expect(kinds(plane, id)).not.toContain('confirmed');
});

test('a switchover is explained, confirmed, executed once and recorded', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  await put(plane, 'a', 'one');

  const id = await ask(page, plane, 'kind=switchover&to=n2', REASON);
  await expectStage(page, 'explained');
  await expect(labels.typed(page)).toHaveValue('');
  await expect(labels.confirm(page, 'switchover to n2')).not.toBeFocused();

  // The same state, asked in three ways, gives one explanation and one digest (C5.1).
  const ways = ['switchover', '--to', 'n2', '--reason', REASON];
  const shown = plane.json<ActionJson>(['show', id]);
  const explained = plane.json<ActionJson>(['explain', ...ways]);
  const asked = plane.json<ActionJson>(['request', ...ways]);
  expect(JSON.stringify(explained.explanation)).toBe(JSON.stringify(shown.explanation));
  expect(JSON.stringify(asked.explanation)).toBe(JSON.stringify(shown.explanation));
  expect([explained.digest, asked.digest]).toEqual([shown.digest, shown.digest]);
  await expect(page.locator('main')).toContainText(shown.digest);
  plane.json(['withdraw', asked.id, '--reason', 'asked only to compare']);

  await confirm(page, 'switchover to n2', 'n2');
  await expectStage(page, 'executed');
  expect(kinds(plane, id)).toEqual(WHOLE_TRAIL);

  await page.goto(`${plane.console}/`);
  await expect(nodeCell(page, 'n2', 'primary')).toBeVisible();
  await expect(nodeCell(page, 'n1', 'standby')).toBeVisible();
  await put(plane, 'a', 'two');

  await page.goto(`${plane.console}/log`);
  const log = page.locator('main');
  for (const kind of WHOLE_TRAIL) await expect(log).toContainText(kind);
});

test('a double click executes once', async ({ page, plane }) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const id = await ask(page, plane, 'kind=switchover&to=n3', REASON);
  await labels.typed(page).fill('n3');
  await labels.confirm(page, 'switchover to n3').dblclick();
  await expectStage(page, 'executed');
  const trail = kinds(plane, id);
  for (const step of WHOLE_TRAIL) {
    expect(trail.filter((kind) => kind === step), step).toHaveLength(1);
  }
});

test('the command line asks, confirms and repeats with the same effect once', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const asked = plane.json<ActionJson>(
    ['request', 'switchover', '--to', 'n2', '--reason', REASON],
  );
  const order = ['confirm', asked.id, '--digest', asked.digest, '--confirm-target', 'n2'];
  const wrong = asked.digest.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  expect(plane.run(['confirm', asked.id, '--digest', wrong, '--confirm-target', 'n2']).code).toBe(2);
  expect(plane.run(['confirm', asked.id, '--digest', asked.digest, '--confirm-target', 'n1']).code).toBe(2);
  expect(plane.json<ActionJson>(order)).toMatchObject({ stage: 'executed', duplicate: false });
  expect(plane.json<ActionJson>(order)).toMatchObject({ stage: 'executed', duplicate: true });
  expect(kinds(plane, asked.id).filter((kind) => kind === 'executed')).toHaveLength(1);
  await page.goto(`${plane.console}/actions/${asked.id}`);
  await expectStage(page, 'executed');
});

test('a request that cannot hold is rejected with its invariants', async ({
  page,
  plane,
  complaints,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  complaints.expectStatus(412);
  await ask(page, plane, 'kind=switchover&to=n1', 'to itself');
  await expectStage(page, 'rejected');
  await expect(page.locator('main')).toContainText('target_is_standby');
  await expect(page.getByRole('button', { name: /^Confirm/ })).toHaveCount(0);
  const done = plane.run(['request', 'switchover', '--to', 'n1', '--reason', 'to itself']);
  expect(done.code).toBe(3);
  expect(done.stdout).toContain('target_is_standby');
  expect(done.stderr).toContain('Nothing ran.');
});
