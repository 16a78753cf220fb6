// Copy buttons. Without this file pages lose nothing else: the texts are there
// to be selected.
"use strict";

function textOf(el) {
  return "value" in el ? el.value : el.textContent;
}

// The old way, for addresses where the clipboard is kept from pages.
function select(el) {
  if ("select" in el) {
    el.select();
  } else {
    const range = document.createRange();
    range.selectNodeContents(el);
    const chosen = getSelection();
    chosen.removeAllRanges();
    chosen.addRange(range);
  }
  return document.execCommand("copy");
}

async function copy(button) {
  const el = document.querySelector(button.dataset.copy);
  let done = false;
  try {
    await navigator.clipboard.writeText(textOf(el));
    done = true;
  } catch {
    done = select(el);
  }
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  button.classList.toggle("done", done);
  setTimeout(() => {
    button.textContent = "Copy";
    button.classList.remove("done");
  }, 2000);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => copy(button));
}
