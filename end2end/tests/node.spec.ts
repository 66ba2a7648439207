// The page of one node: found from the overview, judged like a request, and clear where there is none.
import { becomeOperator, OPERATOR, PASSWORD } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

test('a name on the overview leads to the node, with its facts and what speaks against each action', async ({
  page,
  plane,
}) => {
  await becomeOperator(page, plane);
  plane.login(OPERATOR, PASSWORD);
  const { id } = plane.perform('take_offline', ['--node', 'n3']);
  await page.goto(`${plane.console}/`);
  const nodes = page.getByRole('table', { name: 'Nodes', exact: true });
  await nodes.getByRole('link', { name: 'n3', exact: true }).click();
  await expect(page).toHaveURL(/\/nodes\/n3$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Node n3');

  const facts = page.getByRole('table', { name: 'Facts' });
  await expect(facts.getByRole('row', { name: /^Reachable no/ })).toBeVisible();
  await expect(facts.getByRole('row', { name: /^Committed unknown/ })).toContainText(
    'not known since',
  );
  await page.getByText('unavailable actions').click();
  const rules = page.getByRole('table', { name: /Actions on this node/ });
  await expect(rules.getByRole('rowheader', { name: /Take n3 offline/ })).toContainText('fail');
  await expect(rules).toContainText('node_online');
  await expect(page.getByRole('table', { name: /Events of the kernel/ })).toContainText('node_lost');
  await expect(page.getByRole('table', { name: /Actions, newest first/ })).toContainText(
    id.slice(0, 8),
  );

  await page.getByRole('link', { name: 'Bring n3 online' }).click();
  await expect(page).toHaveURL(/kind=bring_online&node=n3$/);
});

test('a node that is none is said to be none', async ({ page, plane, complaints }) => {
  await becomeOperator(page, plane);
  complaints.expectStatus(404);
  await page.goto(`${plane.console}/nodes/n9`);
  await expect(page.locator('main')).toContainText('The cluster has no node n9.');
});
