// Live pages: one event stream a browser (held by a SharedWorker), and fragments read again when it says so.
//
// A fragment is an element with an id and data-live="system:12 ticket ...", or the row of a system in a table with
// data-live-rows; on an event for one of its words the page itself is fetched again and the fragments concerned are replaced by htmx. What a person is about to click
// is left alone until the pointer or the focus has gone elsewhere. Rows are replaced where they stand, never moved.
(() => {
  "use strict";
  const waiting = new Set();
  let timer = 0;
  let isFetching = false;

  function isBusy(element) {
    const focus = document.activeElement;
    return (
      // A list whose rows may come and go waits until the pointer has left it altogether.
      (element.hasAttribute("data-live-calm") && element.matches(":hover")) ||
      (focus && focus !== document.body && element.contains(focus)) ||
      element.querySelector("a:hover, button:hover, input:hover, select:hover, summary:hover, .dropdown-menu.show, tbody [type=checkbox]:checked") !== null
    );
  }

  async function refresh() {
    timer = 0;
    if (isFetching || document.hidden) return schedule(1000);
    const ids = [...waiting].filter((id) => {
      const element = document.getElementById(id);
      if (!element) waiting.delete(id);
      return element && !isBusy(element);
    });
    if (ids.length) {
      isFetching = true;
      for (const id of ids) waiting.delete(id);
      const elements = ids.map((id) => document.getElementById(id));
      // What stands inside another fragment comes with it.
      const outermost = elements.filter((one) => !elements.some((other) => other !== one && other.contains(one)));
      try {
        await htmx.ajax("GET", location.pathname + location.search, {
          target: "body", swap: "none", selectOOB: outermost.map((one) => `#${one.id}`).join(","),
          headers: { "X-Live": "1" },
        });
      } finally {
        isFetching = false;
      }
    }
    if (waiting.size) schedule(1000);
  }

  function schedule(milliseconds) {
    if (!timer) timer = setTimeout(refresh, milliseconds);
  }

  function hear(event) {
    const words = [event.topic, ...(event.system ? [`${event.topic}:${event.system}`] : [])];
    for (const word of words) {
      for (const element of document.querySelectorAll(`[data-live~="${word}"]`)) waiting.add(element.id);
    }
    for (const row of document.querySelectorAll(`[data-live-rows="${event.topic}"] #row-${event.system || 0}`)) waiting.add(row.id);
    if (waiting.size) schedule(250);
  }

  function hearAll() {
    for (const element of document.querySelectorAll("[data-live]")) waiting.add(element.id);
    if (waiting.size) schedule(250);
  }

  function listen(message) {
    if (message === "again") hearAll();
    else for (const event of message) hear(event);
  }

  // The page was made when it was asked for; what changed since then is told first.
  if (window.SharedWorker) {
    const worker = new SharedWorker("/static/roomkeeper/live-worker.js", { name: "roomkeeper-live" });
    worker.port.onmessage = (message) => listen(message.data);
    worker.port.postMessage(performance.now());
    window.addEventListener("pagehide", () => worker.port.postMessage("bye"));
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) worker.port.postMessage(0), hearAll();
    });
  } else {
    const source = new EventSource(`/events?back=${Math.min(60, Math.ceil(performance.now() / 1000) + 1)}`);
    let wasLost = false;
    source.onmessage = (message) => listen(JSON.parse(message.data));
    source.onerror = () => (wasLost = true);
    source.onopen = () => wasLost && ((wasLost = false), hearAll());
  }
  document.addEventListener("visibilitychange", () => !document.hidden && waiting.size && schedule(50));

  // While a system's page is looked at, its heartbeat is asked to be short.
  const watched = document.querySelector("[data-watch]");
  if (watched) {
    setInterval(() => {
      if (document.hidden) return;
      fetch(watched.dataset.watch, {
        method: "POST",
        headers: { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
      });
    }, 30000);
  }
})();
