// The width of a text in the fonts that PNGs are drawn with, which have the
// metrics of Arial: without it Vega takes 0.8 of the height for each letter.
// posternWidths holds, per font and block of 256 characters, the advances in
// 1/2048 of the size; 0xffff where the font has no glyph.
(function (g) {
  'use strict';
  const W = g.posternWidths, NONE = 0xffff;
  const advance = (font, c) => { const b = font[c >> 8]; return b === undefined ? NONE : b.charCodeAt(c & 255); };
  function units(text, bold) {
    const own = bold ? W.bold : W.regular;
    let n = 0;
    for (let i = 0; i < text.length; ++i) {
      const c = text.codePointAt(i);
      if (c > 0xffff) ++i;
      let w = advance(own, c);
      if (w === NONE) w = advance(W.other, c);
      n += w === NONE ? 2048 : w;
    }
    return n;
  }
  vega.textMetrics.width = (item, line) => {
    const size = item.fontSize != null ? +item.fontSize || 0 : 11;
    const text = line == null ? '' : String(line).trim();
    if (size <= 0 || !text) return 0;
    const weight = item.fontWeight;
    const w = units(text, weight === 'bold' || weight === 'bolder' || +weight >= 600) * size / 2048;
    return item.limit > 0 && w > item.limit ? +item.limit : w;
  };
})(globalThis);
