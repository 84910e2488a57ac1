// Single keys for a reviewer: an answer goes to the chosen candidate. Nothing is kept here but whether keys are on.
"use strict";
(() => {
  const sections = [...document.querySelectorAll(".candidate")];
  const box = document.getElementById("keys");
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  let chosen = sections.find((one) => "open" in one.dataset) || sections[0];
  const choose = (one) => {
    if (!one) return;
    for (const other of sections) other.classList.toggle("chosen", other === one);
    chosen = one;
    one.focus({ preventScroll: true });
    one.scrollIntoView({ block: "nearest" });
  };
  choose(chosen);
  let sent = false;
  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; });
  }
  // A field that the last answer's page kept open would swallow the next key.
  const writes = (target) => /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && target.type !== "checkbox";
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") { choose(chosen); return; }
    if (!box.checked || event.repeat || event.ctrlKey || event.altKey || event.metaKey || writes(event.target)) return;
    const key = event.key.toLowerCase();
    if (/^[1-9]$/.test(key)) { choose(sections[Number(key) - 1]); event.preventDefault(); return; }
    if (key === "e") { const more = chosen && chosen.querySelector(".folded"); if (more) more.open = !more.open; return; }
    if (key === "n") {
      const why = chosen && chosen.querySelector(".why");
      if (why) { why.open = true; why.querySelector("textarea").focus(); event.preventDefault(); }
      return;
    }
    const own = event.target.closest(".entry form") || chosen;
    const answer = own && own.querySelector(`.answer [data-key="${key}"], :scope > [data-key="${key}"], [data-key="${key}"]`);
    const found = answer || document.querySelector(`main [data-key="${key}"]:not(.answer *)`);
    if (found) { event.preventDefault(); found.click(); }
  });
  addEventListener("pageshow", () => { sent = false; });
})();
