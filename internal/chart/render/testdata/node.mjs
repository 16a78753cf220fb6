// Draws Vega-Lite specs by Vega under Node: one JSON object a line in, one
// out. Vega's generated code runs the expressions here, and nothing of
// Postern's but the widths of letters.
//
// node node.mjs NODE_MODULES MEASURE.js < specs > charts
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const [, , modules, measure] = process.argv;
// The published builds, not the modules: those take whatever versions of d3
// npm finds, which round elsewhere.
for (const f of [`${modules}/vega/build/vega.min.js`, `${modules}/vega-lite/build/vega-lite.min.js`, measure].filter(Boolean)) {
  vm.runInThisContext(readFileSync(f, 'utf8'), { filename: f });
}
const { vega, vegaLite } = globalThis;

async function draw({ spec, config }) {
  const errors = [];
  const log = { level: () => log, warn: () => log, info: () => log, debug: () => log, error: (...m) => (errors.push(m.map(e => e && e.message || String(e)).join(' ')), log) };
  const start = process.hrtime.bigint();
  try {
    const vg = vegaLite.compile(spec, { config, logger: log }).spec;
    vega.setRandom(vega.randomLCG(42));
    vega.resetSVGDefIds();
    vegaLite.resetIdCounter?.();
    const view = new vega.View(vega.parse(vg), { renderer: 'none', logger: log });
    const svg = await view.toSVG();
    view.finalize();
    return errors.length ? { error: errors[0] } : { svg, ms: Number(process.hrtime.bigint() - start) / 1e6 };
  } catch (e) {
    return { error: errors[0] ?? String(e && e.message || e) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await draw(JSON.parse(line))) + '\n');
}
