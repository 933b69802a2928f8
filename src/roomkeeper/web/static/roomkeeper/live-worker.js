// One event stream for all tabs of this browser. It ends when the last tab says goodbye.
"use strict";
const ports = new Set();
let source = null;
let wasLost = false;

function send(message) {
  for (const port of ports) port.postMessage(message);
}

function open() {
  if (source && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource("/events");
  source.onmessage = (message) => send(JSON.parse(message.data));
  source.onerror = () => {
    wasLost = true;
    // A refused stream (signed out, server away) is closed for good by the browser: try again, calmly.
    if (source.readyState === EventSource.CLOSED && ports.size) setTimeout(open, 5000);
  };
  source.onopen = () => {
    if (wasLost) send("again");
    wasLost = false;
  };
}

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data === "bye") ports.delete(port);
    else ports.add(port);
    if (ports.size) open();
    else if (source) source.close(), (source = null);
  };
  open();
};
