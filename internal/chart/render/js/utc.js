// Dates are read and shown in UTC wherever a chart is drawn, so that the same
// spec says the same on a server in any zone and in any reader's browser.
(function (g) {
  'use strict';
  const D = g.Date, P = D.prototype, offset = P.getTimezoneOffset;
  for (const f of ['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds']) {
    P['get' + f] = P['getUTC' + f];
    if (f !== 'Day') P['set' + f] = P['setUTC' + f];
  }
  P.getTimezoneOffset = function () { return isNaN(this) ? NaN : 0; };
  P.toString = P.toLocaleString = function () {
    return isNaN(this) ? 'Invalid Date' : this.toUTCString().replace(/^(...), (..) (...) (\S+)/, '$1 $3 $2 $4') + '+0000';
  };
  P.toDateString = P.toLocaleDateString = function () { return this.toString().slice(0, 15); };
  P.toTimeString = P.toLocaleTimeString = function () { return this.toString().slice(16); };

  const zoned = /(?:Z|GMT|UTC?|[ECMP][SD]T|[+-]\d\d:?\d\d)\s*(?:\(.*\))?\s*$/i, dateOnly = /^[+-]?\d{4,6}(?:-\d\d(?:-\d\d)?)?$/;
  // A time that names no zone is read as the host's local time: that is taken
  // back. Where the host's clocks skip an hour and the time is in it, reading
  // it as UTC helps; trusting that alone would be to trust every spelling.
  function parse(s) {
    s = String(s);
    const t = D.parse(s);
    if (isNaN(t) || dateOnly.test(s) || zoned.test(s)) return t;
    const there = t - offset.call(new D(t)) * 60000;
    if (there === t) return t;
    const utc = D.parse(s + (s.includes('T') ? 'Z' : ' UTC'));
    return Math.abs(utc - there) <= 7200000 ? utc : there;
  }
  function Date(...a) {
    if (!new.target) return new Date().toString();
    if (a.length === 0) return new D(Date.now());
    if (a.length > 1) return new D(D.UTC(...a));
    const v = a[0] instanceof D ? +a[0] : a[0] !== null && typeof a[0] === 'object' ? a[0][Symbol.toPrimitive] ? a[0][Symbol.toPrimitive]('default') : a[0].valueOf() : a[0];
    return new D(typeof v === 'string' ? parse(v) : v);
  }
  Date.now = D.now;
  Date.UTC = D.UTC;
  Date.parse = parse;
  Date.prototype = P;
  P.constructor = Date;
  g.Date = Date;
})(globalThis);
