// Refreshes what is marked with data-live when the gateway says that something has
// changed: it fetches the same page again and takes over those parts. Without this
// script everything works by reloading.
"use strict";
(() => {
  const parts = () => document.querySelectorAll("[data-live][id]");
  if (parts().length === 0 || document.querySelector("nav.pages a[rel=first]")) return;
  const state = document.getElementById("live-state");
  const say = (text) => { if (state && state.textContent !== text) { state.hidden = false; state.textContent = text; } };
  let busy = false, again = false;

  // Somebody who is about to press a button keeps what is under the finger.
  const inUse = (part) => part.contains(document.activeElement) && document.activeElement !== document.body;

  async function refresh() {
    if (document.hidden || busy) { again = true; return; }
    busy = true; again = false;
    try {
      const response = await fetch(location.href, { headers: { "Accept": "text/html" }, cache: "no-store" });
      if (!response.ok || response.redirected) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const part of parts()) {
        const other = fresh.getElementById(part.id);
        if (other && !inUse(part) && other.innerHTML !== part.innerHTML) {
          part.replaceChildren(...Array.from(other.childNodes, (n) => document.importNode(n, true)));
        }
      }
    } catch { /* the stream reconnects, and then it is tried again */ } finally { busy = false; }
  }

  const stream = new EventSource("/live");
  stream.addEventListener("changed", refresh);
  stream.onopen = () => say("Live");
  stream.onerror = () => say("Not live: reload to see changes");
  document.addEventListener("visibilitychange", () => { if (!document.hidden && again) refresh(); });
})();
