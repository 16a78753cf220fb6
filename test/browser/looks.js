// Gives what is wrong with the page: fields without a label, buttons and links
// without a name, text with too little contrast (WCAG AA), ids that come twice,
// a page wider than its window, a missing or doubled heading.
(() => {
  const wrong = [];
  const name = (el) => `<${el.tagName.toLowerCase()}${el.id ? " #" + el.id : ""}> ${(el.textContent || "").trim().slice(0, 40)}`;

  if (document.documentElement.scrollWidth > innerWidth + 1) {
    wrong.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("there has to be one h1");
  if (!document.documentElement.lang) wrong.push("the page names no language");

  const ids = new Set();
  for (const el of document.querySelectorAll("[id]")) {
    if (ids.has(el.id)) wrong.push(`the id ${el.id} comes twice`);
    ids.add(el.id);
  }
  for (const el of document.querySelectorAll("[aria-describedby], [aria-labelledby]")) {
    for (const a of ["aria-describedby", "aria-labelledby"]) {
      for (const id of (el.getAttribute(a) || "").split(" ").filter(Boolean)) {
        if (!ids.has(id)) wrong.push(`${name(el)} refers to #${id}, which is not there`);
      }
    }
  }
  for (const el of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!el.labels.length && !el.getAttribute("aria-label")) wrong.push(`${name(el)} has no label`);
  }
  for (const el of document.querySelectorAll("a, button")) {
    if (!(el.textContent || "").trim() && !el.getAttribute("aria-label")) wrong.push(`${name(el)} has no name`);
  }

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, under) => [0, 1, 2].map((i) => (top[i] * top[3] + under[i] * (255 - top[3])) / 255).concat(255);
  const behind = (el) => {
    const layers = [];
    for (let e = el; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 255]);
  };
  const light = (c) => {
    const [r, g, b] = c.map((x) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !el.getClientRects().length || seen.has(el)) continue;
    seen.add(el);
    const style = getComputedStyle(el);
    if (style.visibility === "hidden") continue;
    const bg = behind(el);
    const [a, b] = [light(over(rgba(style.color), bg)), light(bg)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) wrong.push(`${name(el)} has a contrast of ${ratio.toFixed(2)}`);
  }
  return wrong;
})()
