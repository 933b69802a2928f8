// What pages need beside htmx: keys, dialogs, relative times, selecting rows. No business logic.
(() => {
  "use strict";

  // Dialogs: what has hx-target="#dialog", or data-ask, loads a question; without scripts it is a page of its own.
  const dialog = document.getElementById("dialog");
  const open = (address) => htmx.ajax("GET", address, { target: "#dialog" });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== dialog || !dialog.innerHTML.trim()) return;
    dialog.setAttribute("aria-label", dialog.querySelector("h2")?.textContent ?? "Question");
    if (!dialog.open) dialog.showModal();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.target.matches("details form")) event.target.closest("details").open = false;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-dialog]") && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
    const asks = event.target.closest("a[data-ask]");
    if (asks && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      open(asks.href);
    }
  });

  // Keys.
  let leader = false;
  const places = { o: "/", s: "/systems/", i: "/inbox/", c: "/change-sets/", t: "/tickets/", a: "/add-systems/", j: "/jobs/" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    if (leader && places[event.key]) {
      const address = places[event.key];
      if (document.querySelector(`.navbar a[href="${address}"]`)) location.href = address;
    } else if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      event.preventDefault();
      if (search) search.select(), search.focus();
      else location.href = "/systems/#search";
    } else if (event.key === "?") {
      open("/help/keys/");
    }
    leader = event.key === "g";
  });
  if (location.hash === "#search") document.querySelector("[data-search]")?.focus();

  // What this script says, in the reader's language; on pages without the frame it says nothing.
  const words = document.getElementById("words")?.dataset ?? {};

  // Relative times grow older without the server; worded as in templatetags/rk.py.
  const steps = [[172800, 86400, "d"], [7200, 3600, "h"], [90, 60, "min"], [1, 1, "s"]];
  function relative(moment) {
    const seconds = (moment - Date.now()) / 1000;
    for (const [least, unit, word] of steps) {
      if (Math.abs(seconds) >= least) {
        const count = Math.floor(Math.abs(seconds) / unit);
        return (seconds > 0 ? words.ahead : words.ago).replace("{time}", `${count} ${word}`);
      }
    }
    return words.now;
  }
  const exact = new Intl.DateTimeFormat("en-GB", {
    timeZone: document.documentElement.dataset.zone, weekday: "short", day: "2-digit", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
  });
  function refreshTimes() {
    for (const element of document.querySelectorAll("time:not(.exact)")) {
      if (!element.title) element.title = exact.format(new Date(element.dateTime));
      const told = relative(Date.parse(element.dateTime));
      if (element.textContent !== told) element.textContent = told;
    }
  }
  refreshTimes();
  setInterval(refreshTimes, 5000);

  // Forms that filter send themselves when a choice changes; empty fields stay out of the address.
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-submit-on-change], [data-filters] select")) event.target.form.requestSubmit();
    const all = event.target.closest("[data-check-all]");
    if (all) for (const box of all.closest("table").querySelectorAll(ROWS)) box.checked = all.checked;
    if (all || event.target.matches(ROWS)) countRows();
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-filters]")) return;
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
  });

  // Rows: acts on the chosen ones are enabled when there are some; they never move.
  const ROWS = "tbody td:first-child > [type=checkbox]";
  function countRows() {
    const count = document.querySelectorAll(`${ROWS}:checked`).length;
    const every = document.querySelector("[data-check-every]");
    for (const button of document.querySelectorAll("[data-needs-rows]")) button.disabled = !count;
    for (const told of document.querySelectorAll("[data-row-count]")) told.textContent = count ? words.chosen.replace("{count}", count) : words.none;
    if (every) {
      every.closest("label").classList.toggle("invisible", count === 0);
      if (count === 0) every.checked = false;
    }
  }
  countRows();
  for (const swapped of ["htmx:oobAfterSwap", "htmx:afterSwap"]) {
    document.body.addEventListener(swapped, () => (countRows(), refreshTimes()));
  }
  window.addEventListener("pageshow", () => {
    countRows();
    for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false;
  });

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = words.copied;
    });
  }
})();
