// Follows a run: each message is where it is now. What is shown is text; without this script a link shows it anew.
"use strict";
(() => {
  const stages = document.getElementById("stages");
  const signs = { done: "✓", working: "…", stopped: "!", "to do": "·" };
  const show = (name, text) => {
    const place = document.querySelector(`[data-show="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  };
  const source = new EventSource(stages.dataset.events);
  source.addEventListener("message", (message) => {
    const run = JSON.parse(message.data);
    const percent = Math.floor(100 * run.share);
    document.getElementById("share").value = percent;
    show("share", `${percent} %`);
    show("state", run.state.replaceAll("_", " "));
    show("since", run.since.slice(0, 19).replace("T", " "));
    const stands = run.stage ? `Nobody works on it; it stands at: ${run.title}.` : "All stages are done.";
    show("now", run.working ? `Works at ${run.title || "its end"}.` : stands);
    for (const one of run.stages) {
      const row = stages.querySelector(`[data-stage="${one.name}"]`);
      row.querySelector(".at").textContent = `${signs[one.at]} ${one.at}`;
      row.querySelector(".seconds").textContent = one.seconds === null ? "" : one.seconds.toFixed(1);
    }
  });
  source.addEventListener("end", () => source.close());
  addEventListener("pagehide", () => source.close());
})();
