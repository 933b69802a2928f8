// One event stream for all tabs of this browser. It ends when the last tab says goodbye.
"use strict";
const ports = new Set();
// What was heard lately, for pages that were made by the server before they could listen: [received at, message].
const recent = [];
const KEPT = 30000;
// An event is dated when it is written, and heard of a little later.
const LATE = 1000;
let source = null;
let wasLost = false;

function send(message) {
  const now = Date.now();
  while (recent.length && recent[0][0] < now - KEPT) recent.shift();
  recent.push([now, message]);
  for (const port of ports) port.postMessage(message);
}

function open(age) {
  if (source && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource(`/events?back=${Math.min(60, Math.ceil((age + LATE) / 1000))}`);
  source.onmessage = (message) => send(JSON.parse(message.data));
  source.onerror = () => {
    wasLost = true;
    // A refused stream (signed out, server away) is closed for good by the browser: try again, calmly.
    if (source.readyState === EventSource.CLOSED && ports.size) setTimeout(() => open(0), 5000);
  };
  source.onopen = () => {
    if (wasLost) send("again");
    wasLost = false;
  };
}

self.onconnect = (event) => {
  const port = event.ports[0];
  // A page says "bye", or how many milliseconds ago it was asked for.
  port.onmessage = ({ data }) => {
    if (data === "bye") {
      ports.delete(port);
      if (!ports.size && source) source.close(), (source = null);
      return;
    }
    ports.add(port);
    for (const [at, message] of recent) if (at >= Date.now() - data - LATE) port.postMessage(message);
    open(data);
  };
};
