// Vega's expressions as closures: parsed once by Vega (option ast), turned
// into functions of functions here, never into source text, so that nothing
// in a spec reaches Function or eval. vega-interpreter does the same by walking
// the tree again for every mark, which is half of the time of a chart.
//
// What an expression means is what Vega's own code generator makes of it;
// test/compat compares the two on every golden chart.
(function (g) {
  'use strict';
  const own = (o, k) => Object.prototype.hasOwnProperty.call(o, k);
  const constants = {
    NaN: NaN, E: Math.E, LN2: Math.LN2, LN10: Math.LN10, LOG2E: Math.LOG2E, LOG10E: Math.LOG10E, PI: Math.PI,
    SQRT1_2: Math.SQRT1_2, SQRT2: Math.SQRT2, MIN_VALUE: Number.MIN_VALUE, MAX_VALUE: Number.MAX_VALUE,
  };
  // What runs inside the engine in one piece is not interrupted: a text that
  // is replaced in match by match is kept short.
  const MOST = 1 << 20, MOST_MATCHED = 1 << 16;
  const bounded = v => {
    if (typeof v === 'string' && v.length > MOST) throw new Error(`an expression makes a text of more than ${MOST} letters`);
    return v;
  };
  const matched = f => (x, pattern, ...a) => {
    if (pattern instanceof RegExp && String(x).length > MOST_MATCHED) throw new Error(`an expression matches a text of more than ${MOST_MATCHED} letters`);
    return f(x, pattern, ...a);
  };
  const date = (method) => (...a) => new Date(...a.slice(0, 1))[method]();
  const functions = {
    isNaN: Number.isNaN, isFinite: Number.isFinite,
    clamp: (a, lo, hi) => Math.max(lo, Math.min(hi, a)),
    now() { throw new Error('a chart has no clock, so that it stays what it is: write the time into the spec in place of now()'); },
    utc: Date.UTC, datetime: (...a) => new Date(...a),
    date: date('getDate'), day: date('getDay'), year: date('getFullYear'), month: date('getMonth'),
    hours: date('getHours'), minutes: date('getMinutes'), seconds: date('getSeconds'), milliseconds: date('getMilliseconds'),
    time: date('getTime'), timezoneoffset: date('getTimezoneOffset'),
    utcdate: date('getUTCDate'), utcday: date('getUTCDay'), utcyear: date('getUTCFullYear'), utcmonth: date('getUTCMonth'),
    utchours: date('getUTCHours'), utcminutes: date('getUTCMinutes'), utcseconds: date('getUTCSeconds'), utcmilliseconds: date('getUTCMilliseconds'),
    length: x => x.length,
    parseFloat, parseInt,
    upper: x => String(x).toUpperCase(), lower: x => String(x).toLowerCase(), trim: x => String(x).trim(),
    substring: (x, ...a) => String(x).substring(...a), split: matched((x, ...a) => String(x).split(...a)),
    replace: matched((x, pattern, by) => {
      if (typeof pattern !== 'string' && !(pattern instanceof RegExp)) throw new Error('Please pass a string or RegExp argument to replace.');
      return String(x).replace(pattern, by);
    }),
    btoa: x => btoa(x), atob: x => atob(x), encodeURIComponent,
    regexp: (...a) => RegExp(...a), test: (r, ...t) => RegExp(r).test(...t),
  };
  for (const f of ['abs', 'acos', 'asin', 'atan', 'atan2', 'ceil', 'cos', 'exp', 'floor', 'hypot', 'log', 'max', 'min', 'pow', 'round', 'sin', 'sqrt', 'tan']) functions[f] = Math[f];

  const binary = {
    '*': (a, b) => s => a(s) * b(s), '+': (a, b) => s => bounded(a(s) + b(s)), '-': (a, b) => s => a(s) - b(s),
    '/': (a, b) => s => a(s) / b(s), '%': (a, b) => s => a(s) % b(s),
    '>': (a, b) => s => a(s) > b(s), '<': (a, b) => s => a(s) < b(s), '<=': (a, b) => s => a(s) <= b(s), '>=': (a, b) => s => a(s) >= b(s),
    '==': (a, b) => s => a(s) == b(s), '!=': (a, b) => s => a(s) != b(s), '===': (a, b) => s => a(s) === b(s), '!==': (a, b) => s => a(s) !== b(s),
    '&': (a, b) => s => a(s) & b(s), '|': (a, b) => s => a(s) | b(s), '^': (a, b) => s => a(s) ^ b(s),
    '<<': (a, b) => s => a(s) << b(s), '>>': (a, b) => s => a(s) >> b(s), '>>>': (a, b) => s => a(s) >>> b(s),
  };
  const unary = { '+': a => s => +a(s), '-': a => s => -a(s), '~': a => s => ~a(s), '!': a => s => !a(s) };

  // A value of a member that is a function would be a way to what the
  // language keeps there (constructor); Vega's documents promise none.
  const plain = v => typeof v === 'function' ? undefined : v;

  const makers = {
    Literal(n) {
      const v = n.value;
      if (n.regex && v && (v.global || v.sticky)) { const { pattern, flags } = n.regex; return () => new RegExp(pattern, flags); }
      return () => v;
    },
    Identifier(n) {
      const id = n.name;
      if (id === 'datum') return s => s.datum;
      if (id === 'event') return s => s.event;
      if (id === 'item') return s => s.item;
      if (own(constants, id)) { const v = constants[id]; return () => v; }
      const name = '$' + id;
      return s => s.params[name];
    },
    MemberExpression(n, fn) {
      const o = make(n.object, fn);
      if (!n.computed || n.property.type === 'Literal') {
        const k = n.computed ? n.property.value : n.property.name;
        return s => plain(o(s)[k]);
      }
      const p = make(n.property, fn);
      return s => { const v = o(s); return plain(v[p(s)]); };
    },
    CallExpression(n, fn) {
      const name = n.callee.name.replace(/^_/, ''), args = n.arguments.map(a => make(a, fn)), [a, b, c] = args;
      if (name === 'if') return s => a(s) ? b(s) : c(s);
      const f = own(functions, name) ? functions[name] : name in fn ? fn[name] : null;
      if (typeof f !== 'function') throw new Error(`${name}() has no meaning in a chart that is drawn once`);
      switch (args.length) {
        case 0: return () => bounded(f.call(fn));
        case 1: return s => bounded(f.call(fn, a(s)));
        case 2: return s => bounded(f.call(fn, a(s), b(s)));
        case 3: return s => bounded(f.call(fn, a(s), b(s), c(s)));
        default: return s => bounded(f.apply(fn, args.map(x => x(s))));
      }
    },
    ArrayExpression(n, fn) {
      const es = n.elements.map(e => make(e, fn));
      return s => es.map(e => e(s));
    },
    BinaryExpression: (n, fn) => binary[n.operator](make(n.left, fn), make(n.right, fn)),
    UnaryExpression: (n, fn) => unary[n.operator](make(n.argument, fn)),
    ConditionalExpression(n, fn) {
      const t = make(n.test, fn), a = make(n.consequent, fn), b = make(n.alternate, fn);
      return s => t(s) ? a(s) : b(s);
    },
    LogicalExpression(n, fn) {
      const a = make(n.left, fn), b = make(n.right, fn);
      return n.operator === '&&' ? s => a(s) && b(s) : s => a(s) || b(s);
    },
    ObjectExpression(n, fn) {
      const ps = n.properties.map(p => {
        const k = p.key.type === 'Literal' ? String(p.key.value) : p.key.name;
        if (vega.DisallowedObjectProperties.has(k)) throw new Error('Illegal property: ' + k);
        return [k, make(p.value, fn)];
      });
      return s => { const o = {}; for (const [k, v] of ps) o[k] = v(s); return o; };
    },
  };
  function make(node, fn) {
    if (!own(makers, node.type)) throw new Error('Unsupported type: ' + node.type);
    return makers[node.type](node, fn);
  }

  // What is set by two of start, end, centre and size, as Vega's encoders do it.
  function spatial(item, has, swap) {
    if (has.x2) {
      if (has.x) {
        if (swap && item.x > item.x2) [item.x, item.x2] = [item.x2, item.x];
        item.width = item.x2 - item.x;
      } else item.x = item.x2 - (item.width || 0);
    }
    if (has.xc) item.x = item.xc - (item.width || 0) / 2;
    if (has.y2) {
      if (has.y) {
        if (swap && item.y > item.y2) [item.y, item.y2] = [item.y2, item.y];
        item.height = item.y2 - item.y;
      } else item.y = item.y2 - (item.height || 0);
    }
    if (has.yc) item.y = item.yc - (item.height || 0) / 2;
  }

  const never = () => { throw new Error('events have no meaning in a chart that is drawn once'); };
  vega.expressionInterpreter = {
    operator(ctx, expr) { const f = make(expr.ast, ctx.functions); return params => f({ params }); },
    parameter(ctx, expr) { const f = make(expr.ast, ctx.functions); return (datum, params) => f({ datum, params }); },
    event: () => never,
    handler: () => never,
    encode(ctx, encode) {
      const swap = encode.marktype === 'group' || encode.marktype === 'image' || encode.marktype === 'rect';
      const fs = Object.entries(encode.channels).map(([k, c]) => [k, make(c.ast, ctx.functions)]);
      return (item, params) => {
        const s = { datum: item.datum, params, item };
        let m = 0;
        for (const [k, f] of fs) {
          const v = f(s);
          if (item[k] !== v) { item[k] = v; m = 1; }
        }
        if (encode.marktype !== 'rule') spatial(item, encode.channels, swap);
        return m;
      };
    },
  };
})(globalThis);
