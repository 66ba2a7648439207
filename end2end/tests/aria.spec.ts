// The outline of the main pages, as a screen reader is told it. What stands here is there, in this order.
import { test } from '../fixtures/library.ts';
import { expect } from '../fixtures/test.ts';

const HEADER = `
- link "Skip to the content"
- banner:
  - paragraph: AeroDB control plane
  - term: Environment
  - definition: end2end
  - term: Cluster
  - definition: aerodb
  - button "Sign out"
  - navigation "Console":
    - list:
      - listitem:
        - link "Overview"
      - listitem:
        - link "Actions"
      - listitem:
        - link "Timeline"
      - listitem:
        - link "Log"
`;

test('every page begins with where it is, who reads it and where to go', async ({ page }) => {
  for (const address of ['/', '/actions', '/timeline', '/log', '/report', '/reference', '/help']) {
    await page.goto(address);
    await expect(page.locator('body')).toMatchAriaSnapshot(HEADER);
  }
});

test('the overview tells the cluster, its pictures and what speaks against each action', async ({
  page,
}) => {
  await page.goto('/');
  await expect(page.locator('main')).toMatchAriaSnapshot(`
- heading "Overview" [level=1]
- status
- figure:
  - img
- table "Nodes":
  - rowgroup:
    - row:
      - columnheader "Node"
  - rowgroup:
    - row:
      - rowheader /n1/
`);
});

test('an explanation tells its checks, its effects, its digest and then the two ways out', async ({
  page,
  library,
}) => {
  await page.goto(`/actions/${library.explained}`);
  await expect(page.locator('main')).toMatchAriaSnapshot(`
- heading "Switchover to n1" [level=1]
- paragraph:
  - link "Read the checks"
- heading "Explanation" [level=2]
- heading "Checks" [level=3]
- heading "Effects" [level=3]
- heading "Not checked" [level=3]
- heading "Digest" [level=3]
- heading "Decision" [level=2]
- status
- heading "Withdraw" [level=3]
- textbox "Reason"
- button "Withdraw the request"
- heading "Confirm" [level=3]
- textbox /^Type n1 to confirm/
- button "Confirm: switchover to n1"
`);
});
