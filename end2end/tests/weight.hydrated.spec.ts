// What the first page costs on the wire, part by part, and that it is paid once.
import type { Response } from '@playwright/test';
import { test } from '../fixtures/library.ts';
import { expect } from '../fixtures/test.ts';

/** What all parts of the first page may weigh together, compressed. */
const BYTES_MAX = 320_000;

interface Part {
  kind: string;
  bytes: number;
  headers: Record<string, string>;
}

async function part(response: Response): Promise<Part> {
  const { responseBodySize } = await response.request().sizes();
  const path = new URL(response.url()).pathname;
  const kind = /\.(js|wasm|css|svg)$/.exec(path)?.[1] ?? (path === '/' ? 'html' : 'part');
  return { kind, bytes: responseBodySize, headers: response.headers() };
}

test('the first page is small, its files are packed and kept for ever', async ({ page, library }) => {
  const seen: Promise<Part>[] = [];
  page.on('requestfinished', (request) => {
    const response = request.response().then((found) => found && part(found));
    seen.push(response.then((found) => found ?? { kind: 'none', bytes: 0, headers: {} }));
  });
  await page.goto(library.plane.console);
  await expect(page.locator('.live[data-state="live"]')).toBeVisible();
  const parts = await Promise.all(seen);
  const of = (kind: string) => parts.filter((one) => one.kind === kind);
  for (const kind of ['html', 'js', 'wasm', 'css', 'part']) {
    const bytes = of(kind).reduce((sum, one) => sum + one.bytes, 0);
    console.log(`first load: ${kind} ${bytes} bytes`);
    expect(of(kind).length, kind).toBeGreaterThan(0);
  }
  for (const file of [...of('js'), ...of('wasm'), ...of('css')]) {
    expect(file.headers['cache-control'], file.kind).toContain('immutable');
    expect(file.headers['content-encoding'], file.kind).toMatch(/^(br|gzip)$/);
  }
  // There is one drawing, on the server: no word of a page and no field of a cluster is sent along.
  const wasm = await page.evaluate(async () => {
    const address = performance.getEntriesByType('resource').find((one) => one.name.endsWith('.wasm'));
    return new TextDecoder('latin1').decode(await (await fetch(address?.name ?? '')).arrayBuffer());
  });
  expect(wasm.length).toBeGreaterThan(100_000);
  for (const word of ['Behind the primary', 'primary_since', 'writes_since', 'target_checks', 'cluster_actions']) {
    expect(wasm.includes(word), word).toBe(false);
  }
  const all = parts.reduce((sum, one) => sum + one.bytes, 0);
  console.log(`first load: ${all} bytes in all`);
  expect(all).toBeLessThan(BYTES_MAX);
});
