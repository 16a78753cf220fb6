// What Vega expects of a host and QuickJS does not have. Nothing here reaches
// out of the engine: timers only fire when the engine drains them.
(function (g) {
  'use strict';
  function clone(v, seen) {
    if (typeof v === 'function' || typeof v === 'symbol') throw new Error('a function cannot be cloned');
    if (v === null || typeof v !== 'object') return v;
    if (seen.has(v)) return seen.get(v);
    const into = r => (seen.set(v, r), r);
    if (v instanceof Date) return into(new Date(+v));
    if (v instanceof RegExp) return into(new RegExp(v.source, v.flags));
    if (Array.isArray(v)) {
      const r = into(new Array(v.length));
      for (let i = 0; i < v.length; ++i) if (i in v) r[i] = clone(v[i], seen);
      return r;
    }
    if (v instanceof Map) { const r = into(new Map()); v.forEach((x, k) => r.set(clone(k, seen), clone(x, seen))); return r; }
    if (v instanceof Set) { const r = into(new Set()); v.forEach(x => r.add(clone(x, seen))); return r; }
    const r = into({});
    for (const k of Object.keys(v)) r[k] = clone(v[k], seen);
    return r;
  }
  g.structuredClone = v => clone(v, new Map());

  const due = new Map();
  let last = 0;
  g.setTimeout = (f, _, ...a) => (due.set(++last, () => f(...a)), last);
  g.setInterval = () => ++last; // a chart that is drawn once has no ticks
  g.clearTimeout = g.clearInterval = id => { due.delete(id); };
  g.posternTimers = () => {
    const now = [...due.values()];
    due.clear();
    now.forEach(f => f());
    return now.length;
  };
  const silent = () => {};
  g.console = { log: silent, info: silent, warn: silent, error: silent, debug: silent };

  const B = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  g.btoa = s => {
    s = String(s);
    let r = '';
    for (let i = 0; i < s.length; i += 3) {
      const [a, b, c] = [s.charCodeAt(i), s.charCodeAt(i + 1), s.charCodeAt(i + 2)];
      if (a > 255 || b > 255 || c > 255) throw new Error('btoa: a character is above U+00FF');
      r += B[a >> 2] + B[(a & 3) << 4 | b >> 4] + (isNaN(b) ? '=' : B[(b & 15) << 2 | c >> 6]) + (isNaN(c) ? '=' : B[c & 63]);
    }
    return r;
  };
  g.atob = s => {
    s = String(s).replace(/[\t\n\f\r ]/g, '').replace(/={1,2}$/, '');
    let r = '', n = 0, bits = 0;
    for (const ch of s) {
      const v = B.indexOf(ch);
      if (v < 0) throw new Error('atob: not base64');
      n = n << 6 | v;
      if ((bits += 6) >= 8) r += String.fromCharCode(n >> (bits -= 8) & 255);
    }
    return r;
  };

  // No clock: a chart that knew the time would be another chart tomorrow.
  // Vega makes dates to write on, which are all this one; js/expr.js refuses
  // to tell a spec.
  Date.now = () => 0;
  Math.random = () => vega.random();
})(globalThis);
