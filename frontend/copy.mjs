// Copies the third-party files that the pages need out of node_modules into the package's static folder,
// and makes one sprite of the icons that are used. Run by `make setup` after `npm ci`.
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const target = join(here, "..", "src", "roomkeeper", "web", "static", "vendor");

// Names as in Tabler's outline set; a template that names another one fails tests/integration/web.
const icons = [
  "address-book", "alert-triangle", "arrow-back-up", "ban", "bolt", "check", "chevron-down", "clock", "columns-3", "device-tv",
  "download", "folder", "gauge", "git-compare", "help", "inbox", "info-circle", "key", "list-check", "lock", "lock-open",
  "logout", "network", "pencil", "plus", "power", "refresh", "rotate", "shield-check", "target", "ticket", "user",
  "users", "writing", "x",
];

const withoutMap = (text) => text.replace(/\n?\/[/*]# sourceMappingURL=\S+(\s*\*\/)?\s*$/, "\n");

// WhiteNoise sends the packed file beside a file to browsers that take it.
async function write(name, text) {
  await writeFile(join(target, name), text);
  await writeFile(join(target, `${name}.gz`), gzipSync(text, { level: 9 }));
}

async function sprite() {
  const symbols = [];
  for (const name of icons) {
    const svg = await readFile(join(modules, "@tabler", "icons", "icons", "outline", `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").trim();
    symbols.push(
      `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" ` +
        `stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
for (const [from, to] of [
  ["@tabler/core/dist/css/tabler.min.css", "tabler.css"],
  ["@tabler/core/dist/js/tabler.min.js", "tabler.js"],
  ["htmx.org/dist/htmx.min.js", "htmx.js"],
]) {
  await write(to, withoutMap(await readFile(join(modules, from), "utf8")));
}
await write("icons.svg", await sprite());
await cp(join(modules, "htmx.org", "LICENSE"), join(target, "htmx.LICENSE.txt"));
await cp(join(modules, "@tabler", "icons", "LICENSE"), join(target, "tabler.LICENSE.txt"));
