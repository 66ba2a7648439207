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
- main:
  - heading "Overview" [level=1]
  - status
  - region "Cluster":
    - term: Primary
    - definition:
      - link "n2"
    - term: Epoch
    - definition: "2"
    - term: Writes
    - definition: accepted
  - figure "Topology":
    - img /Primary. n2. n1. standby, reachable; .* n3. role unknown, unreachable/
  - figure /Log positions/:
    - img /n1. last [0-9]+, committed [0-9]+, applied [0-9]+, lag. 0 entries behind/
  - heading "Nodes" [level=2]
  - group "Nodes":
    - table "Nodes":
      - rowgroup:
        - row:
          - columnheader "Node"
          - columnheader "Role"
          - columnheader "Reachable"
          - columnheader "Behind the primary"
  - group:
    - heading "Unavailable actions" [level=2]
`);
});

test('an explanation tells its checks and its effects, then the two ways out, then the rest', async ({
  page,
  library,
}) => {
  await page.goto(`/actions/${library.explained}`);
  await expect(page.locator('main')).toMatchAriaSnapshot(`
- main:
  - heading "Switchover to n1" [level=1]
  - paragraph:
    - link "Go to decision"
  - heading "Explanation" [level=2]
  - heading "Checks" [level=3]
  - heading "Effects" [level=3]
  - heading "Not checked" [level=3]
  - heading "Decision" [level=2]
  - status
  - heading "Confirm" [level=3]
  - paragraph:
    - textbox /^Type n1 to confirm/
  - button /^Confirm. switchover to n1$/
  - heading "Withdraw" [level=3]
  - paragraph:
    - textbox "Reason"
  - button "Withdraw the request"
  - group: /More of the explanation/
`);
});

test('an outcome tells its stage, its receipt and its records', async ({ page, library }) => {
  await page.goto(`/actions/${library.executed}`);
  await expect(page.locator('main')).toMatchAriaSnapshot(`
- main:
  - heading "Switchover to n2" [level=1]
  - status
  - term: Stage
  - definition: executed
  - term: Meaning
  - term: Reason
  - definition: end to end test
  - heading "Explanation" [level=2]
  - heading "Records" [level=2]
  - group /^Records of this action/
  - paragraph:
    - link "Report from the log alone"
`);
});

test('log and timeline tell how they are ordered, then their form, then their rows', async ({ page }) => {
  await page.goto('/log?kind=executed');
  await expect(page.locator('main')).toMatchAriaSnapshot(`
- main:
  - heading "Log" [level=1]
  - group:
    - search:
      - paragraph:
        - textbox /^Text/
      - paragraph:
        - combobox "Actor"
      - paragraph:
        - combobox "Kind of record"
      - button "Show these records"
      - link "All records"
  - button "Verify in this browser"
  - group "Records, newest first"
`);
  await page.goto('/timeline?kind=kernel_events');
  await expect(page.locator('main')).toMatchAriaSnapshot(`
- main:
  - heading "Timeline" [level=1]
  - group:
    - search:
      - paragraph:
        - combobox "Kind"
      - paragraph:
        - textbox /^Node/
      - paragraph:
        - textbox "Action id"
      - button "Show this"
  - group "Timeline":
    - table /^What happened, newest first/
`);
});
