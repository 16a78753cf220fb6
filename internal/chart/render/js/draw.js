// What the Go side calls: one chart, once, in an engine of its own.
(function (g) {
  'use strict';
  let done = null;
  const say = e => e && e.message !== undefined ? `${e.name && e.name !== 'Error' ? e.name + ': ' : ''}${e.message}` : String(e);
  function logger(errors) {
    const l = { level: () => l, warn: () => l, info: () => l, debug: () => l, error: (...m) => (errors.push(m.map(say).join(' ')), l) };
    return l;
  }
  const closed = { load: refuse, sanitize: refuse, http: refuse, file: refuse };
  function refuse() { return Promise.reject(new Error('a chart loads nothing: its data is in the spec')); }

  g.posternDraw = (kind, spec, options) => {
    const errors = [], log = logger(errors), o = JSON.parse(options);
    let step = 'compile';
    // What Vega logs is the cause of what it then throws.
    const fail = e => { done = { step, error: errors.length ? errors[0] : say(e) }; };
    try {
      const vg = vegaLite.compile(JSON.parse(spec), { config: o.config, logger: log }).spec;
      if (errors.length) return fail();
      if (kind === 'vega') { done = { ok: JSON.stringify(vg) }; return; }
      step = 'draw';
      vega.setRandom(vega.randomLCG(42));
      vega.resetSVGDefIds();
      const view = new vega.View(vega.parse(vg, null, { ast: true }), { expr: vega.expressionInterpreter, renderer: 'none', loader: closed, logger: log });
      view.toSVG().then(svg => { if (errors.length) fail(); else done = { ok: svg }; }, fail);
    } catch (e) { fail(e); }
  };
  g.posternDone = () => done !== null;
  g.posternResult = () => done.ok;
  g.posternError = () => done.error === undefined ? '' : done.step + ': ' + done.error;
})(globalThis);
