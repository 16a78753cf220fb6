// Math.log, exp and hypot as V8 computes them (the first two are Sun's
// fdlibm): C's mathematics, which QuickJS calls, rounds the last bit another
// way once in forty, and a chart drawn here is to be the one Node draws. What
// still differs, by the last bit, are pow, sin and cos.
//
// fdlibm: Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use,
// copy, modify, and distribute this software is freely granted, provided that
// this notice is preserved.
(function () {
  'use strict';
  const d = new Float64Array(1), w = new Int32Array(d.buffer), [LO, HI] = new Int32Array(new Float64Array([1]).buffer)[1] ? [0, 1] : [1, 0];
  const ln2hi = 6.93147180369123816490e-01, ln2lo = 1.90821492927058770002e-10;

  Math.log = function log(x) {
    x = +x;
    d[0] = x;
    let hx = w[HI], k = 0;
    if (hx < 0x00100000) {
      if (((hx & 0x7fffffff) | w[LO]) === 0) return -Infinity;
      if (hx < 0) return NaN;
      k = -54;
      x *= 18014398509481984;
      d[0] = x;
      hx = w[HI];
    }
    if (hx >= 0x7ff00000) return x + x;
    k += (hx >> 20) - 1023;
    hx &= 0xfffff;
    let i = (hx + 0x95f64) & 0x100000;
    w[HI] = hx | (i ^ 0x3ff00000);
    k += i >> 20;
    const f = d[0] - 1;
    if ((0xfffff & (2 + hx)) < 3) {
      if (f === 0) return k === 0 ? 0 : k * ln2hi + k * ln2lo;
      const R = f * f * (0.5 - 0.33333333333333333 * f);
      return k === 0 ? f - R : k * ln2hi - ((R - k * ln2lo) - f);
    }
    const s = f / (2 + f), z = s * s, q = z * z;
    i = (hx - 0x6147a) | (0x6b851 - hx);
    const R = z * (6.666666666666735130e-01 + q * (2.857142874366239149e-01 + q * (1.818357216161805012e-01 + q * 1.479819860511658591e-01))) +
      q * (3.999999999940941908e-01 + q * (2.222219843214978396e-01 + q * 1.531383769920937332e-01));
    if (i > 0) {
      const h = 0.5 * f * f;
      return k === 0 ? f - (h - s * (h + R)) : k * ln2hi - ((h - (s * (h + R) + k * ln2lo)) - f);
    }
    return k === 0 ? f - s * (f - R) : k * ln2hi - ((s * (f - R) - k * ln2lo) - f);
  };

  Math.exp = function exp(x) {
    x = +x;
    d[0] = x;
    const sign = w[HI] >>> 31, hx = w[HI] & 0x7fffffff;
    let k = 0, hi = 0, lo = 0;
    if (hx >= 0x40862e42) {
      if (hx >= 0x7ff00000) return isNaN(x) ? x : sign ? 0 : x;
      if (x > 7.09782712893383973096e+02) return Infinity;
      if (x < -7.45133219101941108420e+02) return 0;
    }
    if (hx > 0x3fd62e42) {
      if (hx < 0x3ff0a2b2) {
        if (x === 1) return Math.E;
        hi = x - (sign ? -ln2hi : ln2hi);
        lo = sign ? -ln2lo : ln2lo;
        k = 1 - sign - sign;
      } else {
        k = Math.trunc(1.44269504088896338700e+00 * x + (sign ? -0.5 : 0.5));
        hi = x - k * ln2hi;
        lo = k * ln2lo;
      }
      x = hi - lo;
    } else if (hx < 0x3e300000) return 1 + x;
    const t = x * x, c = x - t * (1.66666666666666019037e-01 + t * (-2.77777777770155933842e-03 + t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
    if (k === 0) return 1 - (x * c / (c - 2) - x);
    const y = 1 - ((lo - x * c / (2 - c)) - hi);
    const two = e => { w[LO] = 0; w[HI] = 0x3ff00000 + (e << 20); return d[0]; };
    if (k === 1024) return y * 2 * 8.98846567431158e307;
    return k >= -1021 ? y * two(k) : y * two(k + 1000) * 9.33263618503218878990e-302;
  };

  Math.hypot = function hypot(...a) {
    let most = 0, nan = false;
    for (let i = 0; i < a.length; ++i) {
      a[i] = Math.abs(+a[i]);
      if (a[i] !== a[i]) nan = true;
      else if (a[i] > most) most = a[i];
    }
    if (most === Infinity) return Infinity;
    if (nan) return NaN;
    if (most === 0) return 0;
    let sum = 0, lost = 0;
    for (const v of a) {
      const n = v / most, add = n * n - lost, next = sum + add;
      lost = (next - sum) - add;
      sum = next;
    }
    return Math.sqrt(sum) * most;
  };
})();
