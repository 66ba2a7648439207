// Every action of the catalogue, asked for and confirmed on the pages, on one cluster in one order.
import { kinds } from '../fixtures/library.ts';
import { labels } from '../fixtures/labels.ts';
import { becomeOperator, confirm, confirmAnyway, expectStage, put } from '../fixtures/steps.ts';
import { expect, type Page, test } from '../fixtures/test.ts';

/** One action: where its form is, what is filled in, what it is called, and what is typed. */
interface Step {
  kind: string;
  query?: string;
  fill?: [label: RegExp, value: string];
  title: string;
  typed?: string;
}

// In an order in which each finds what it needs. The cluster ends with writes accepted.
const STEPS: Step[] = [
  { kind: 'switchover', query: '&to=n2', title: 'switchover to n2', typed: 'n2' },
  { kind: 'stop_writes', title: 'stop writes', typed: 'aerodb' },
  { kind: 'resume_writes', title: 'resume writes' },
  { kind: 'take_checkpoint', query: '&node=n1', title: 'take a checkpoint of n1' },
  {
    kind: 'purge_log',
    query: '&node=n1',
    fill: [/last position/, '1'],
    title: 'purge the log of n1 up to 1',
    typed: 'n1',
  },
  { kind: 'create_backup', fill: [/name of the backup/, 'nightly'], title: 'create the backup nightly' },
  { kind: 'verify_node', query: '&node=n1', title: 'verify n1' },
  { kind: 'add_replica', fill: [/name of the new node/, 'n4'], title: 'add n4 as a learner' },
  { kind: 'grant_vote', query: '&node=n4', title: 'grant n4 a vote' },
  { kind: 'remove_replica', query: '&node=n4', title: 'remove n4 for good', typed: 'n4' },
  { kind: 'take_offline', query: '&node=n2', title: 'take n2 offline', typed: 'n2' },
  { kind: 'failover', query: '&to=n1', title: 'failover to n1', typed: 'n1' },
  { kind: 'bring_online', query: '&node=n2', title: 'bring n2 online' },
];

async function run(page: Page, console: string, step: Step): Promise<void> {
  await page.goto(`${console}/actions/new?kind=${step.kind}${step.query ?? ''}`);
  if (step.fill) await page.getByLabel(step.fill[0]).fill(step.fill[1]);
  await labels.reason(page).fill('a drill');
  await labels.explain(page).click();
  await expectStage(page, 'explained');
  const typed = labels.typed(page);
  // What has to be typed is asked for by class, and never filled in.
  await expect(typed, step.kind).toHaveCount(step.typed ? 1 : 0);
  if (step.typed) {
    await expect(typed).toHaveValue('');
    await typed.fill(step.typed);
  }
  await labels.confirm(page, step.title).click();
  await expectStage(page, 'executed');
}

test('every action of the catalogue is asked for, confirmed and executed on the pages', async ({
  page,
  plane,
}) => {
  test.setTimeout(120_000);
  expect(STEPS.map((step) => step.kind).sort(), 'every kind, once').toEqual(kinds().sort());
  await becomeOperator(page, plane);
  await put(plane, 'a', 'one');
  await put(plane, 'a', 'two');
  for (const step of STEPS) {
    await test.step(step.kind, () => run(page, plane.console, step));
  }
  await put(plane, 'a', 'three');
});

test('a confirmation that is sent again from the page before is shown the first outcome', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  await page.goto(`${plane.console}/actions/new?kind=take_offline&node=n3`);
  await labels.reason(page).fill('delivered twice');
  await labels.explain(page).click();
  await expectStage(page, 'explained');
  // A second tab on the same explanation, which was confirmed in the first.
  const other = await page.context().newPage();
  await other.goto(page.url());
  await confirm(page, 'take n3 offline', 'n3');
  await expectStage(page, 'executed');
  await confirmAnyway(other, 'take n3 offline', 'n3');
  await expectStage(other, 'executed');
  await page.goto(`${plane.console}/log?kind=executed`);
  await expect(page.locator('#found tbody tr')).toHaveCount(1);
  await page.goto(`${plane.console}/log?kind=duplicate`);
  await expect(page.locator('#found tbody tr')).toHaveCount(1);
});
