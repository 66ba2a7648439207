// A client that was generated from the description of the API does everything that a person does in
// the browser. It needs no browser, so it runs once. Type checking it is part of the test: an answer
// that is not as described does not compile.
import { randomUUID } from 'node:crypto';
import { createClient } from '../generated/client/index.ts';
import {
  confirmAction,
  declareFreeze,
  getAction,
  getActionReport,
  getCluster,
  getLogHead,
  getOverview,
  liftFreeze,
  listActions,
  listCatalogue,
  listLog,
  requestAction,
  signIn,
  signOut,
  withdrawAction,
} from '../generated/sdk.gen.ts';
import type { ActionKind, Refusal, RequestBody } from '../generated/types.gen.ts';
import type { ControlPlane } from '../fixtures/server.ts';
import { OPERATOR, PASSWORD } from '../fixtures/steps.ts';
import { expect, test } from '../fixtures/test.ts';

/** What the generated functions are called with: the address, and the session once there is one. */
function clientOf(plane: ControlPlane, token?: string) {
  return createClient({ baseUrl: plane.console, ...(token ? { auth: () => token } : {}) });
}

/** Makes the first operator through the set-up link, as its form does. */
async function setUp(plane: ControlPlane): Promise<void> {
  const token = plane.setupLink?.split('/').at(-1) ?? '';
  const form = new URLSearchParams({ token, name: OPERATOR, password: PASSWORD });
  const answer = await fetch(`${plane.console}/setup`, {
    method: 'POST',
    body: form,
    redirect: 'manual',
  });
  expect(answer.status).toBe(303);
  plane.hasOperator = true;
}

/** The value of an answer that is no refusal. */
function good<T>(answer: { data?: T | undefined; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

/** The refusal of an answer that is one. */
function refused(answer: { error?: { refusal: Refusal } | unknown }): Refusal {
  const problem = answer.error as { refusal: Refusal } | undefined;
  if (!problem) throw new Error('it was not refused');
  return problem.refusal;
}

// C4.2, C7.2, C11.1: programs are clients of the same interface, and are answered as people are.
test('a generated client asks, reads, confirms, repeats, and is refused as a person is', async ({
  plane,
}) => {
  await setUp(plane);
  const wrong = await signIn({
    client: clientOf(plane),
    body: { name: OPERATOR, password: 'not the password' },
  });
  expect(refused(wrong).code).toBe('sign_in_failed');
  const session = good(
    await signIn({ client: clientOf(plane), body: { name: OPERATOR, password: PASSWORD } }),
  );
  const client = clientOf(plane, session.token ?? '');
  const before = good(await getCluster({ client }));
  expect(before.primary).toBe('n1');
  expect(good(await listCatalogue({ client })).map((entry) => entry.kind)).toContain('switchover');

  const ask = (kind: ActionKind, params: Record<string, string>, action_id = randomUUID()) =>
    requestAction({
      client,
      body: { action_id, kind, params, reason: 'a generated client' } as RequestBody,
    });
  const asked = good(await ask('switchover', { to: 'n2' }));
  expect(asked.stage).toBe('explained');
  const path = { id: asked.id };
  const typed_target = asked.explanation.typed_target ?? null;
  const mistyped = { digest: asked.digest, typed_target: 'n3' };
  expect(refused(await confirmAction({ client, path, body: mistyped })).code).toBe(
    'target_mistyped',
  );
  const body = { digest: asked.digest, typed_target };
  const done = good(await confirmAction({ client, path, body }));
  expect([done.stage, done.duplicate, done.outcome?.result]).toEqual(['executed', false, 'executed']);
  expect(good(await getCluster({ client })).primary).toBe('n2');

  // The same delivery again: the first outcome, and nothing runs.
  const again = good(await confirmAction({ client, path, body }));
  expect([again.stage, again.duplicate]).toEqual(['executed', true]);
  expect(good(await getCluster({ client })).epoch).toBe(2);

  const rejected = refused(await ask('switchover', { to: 'n2' }));
  expect([rejected.code, rejected.executed]).toEqual(['rejected', 'no']);
  expect(rejected.invariants).toContain('target_is_standby');

  // The cluster moves between the explanation and the confirmation.
  const stale = good(await ask('stop_writes', {}));
  const other = good(await ask('take_offline', { node: 'n3' }));
  good(
    await confirmAction({
      client,
      path: { id: other.id },
      body: { digest: other.digest, typed_target: other.explanation.typed_target ?? null },
    }),
  );
  const moved = refused(
    await confirmAction({
      client,
      path: { id: stale.id },
      body: { digest: stale.digest, typed_target: stale.explanation.typed_target ?? null },
    }),
  );
  expect(moved.code).toBe('stale');
  expect(moved.moved).toContainEqual({
    subject: { node: 'n3' },
    fact: 'reachable',
    before: true,
    after: false,
  });

  const withdrawn = good(await ask('stop_writes', {}));
  const gone = await withdrawAction({
    client,
    path: { id: withdrawn.id },
    body: { reason: 'not now' },
  });
  expect(good(gone).stage).toBe('withdrawn');

  const freeze = { freeze_id: randomUUID(), reason: 'an audit' };
  const frozen = good(await declareFreeze({ client, body: freeze }));
  expect(refused(await ask('stop_writes', {})).code).toBe('frozen');
  const lift = { freeze: String(frozen.record.seq), reason: 'over' };
  good(await liftFreeze({ client, body: lift }));
  const late = good(await declareFreeze({ client, body: freeze }));
  expect([late.duplicate, late.freeze, late.record.seq]).toEqual([true, null, frozen.record.seq]);
  expect(good(await getOverview({ client })).freeze).toBeNull();

  // What was read before is not sent again.
  const tag = (await getAction({ client, path })).response?.headers.get('etag') ?? '';
  const unchanged = await getAction({ client, path, headers: { 'If-None-Match': tag } });
  expect(unchanged.response?.status).toBe(304);

  const log = good(await listLog({ client, query: { action: asked.id, limit: 200 } }));
  const kinds = log.records.map((record) => record.entry.kind).reverse();
  const wanted = ['requested', 'explained', 'declined', 'confirmed', 'dispatched', 'executed'];
  expect(kinds).toEqual([...wanted, 'duplicate']);
  const report = good(await getActionReport({ client, path }));
  expect([report.stage, report.digest]).toEqual(['executed', asked.digest]);
  expect(good(await listActions({ client, query: { limit: 2 } })).next_before).not.toBeNull();
  expect(good(await getLogHead({ client })).note).toContain(`${before.identity.cluster}`);

  await signOut({ client });
  expect(refused(await getCluster({ client })).code).toBe('not_signed_in');
});
