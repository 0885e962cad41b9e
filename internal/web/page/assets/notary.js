// Enhancements only: every page works without this script.

document.documentElement.classList.add("script");

const typing = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

// Rows of a list: j and k move, Enter or o opens, x selects. The current row follows these keys, Tab
// and the mouse.
const rows = [...document.querySelectorAll("tr[data-href]")];
let here;

function stand(row) {
  if (!row) return;
  here?.classList.remove("here");
  here = row;
  here.classList.add("here");
}

function go(step) {
  stand(rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(here) + step))]);
  here?.querySelector("a")?.focus({ preventScroll: true });
  here?.scrollIntoView({ block: "nearest" });
}

for (const way of ["focusin", "click"]) document.addEventListener(way, (event) => stand(event.target.closest("tr[data-href]")));

const keys = {
  "/": () => document.querySelector("[data-key='/']")?.focus(),
  j: () => go(1),
  k: () => go(-1),
  x: () => here?.querySelector("input[type=checkbox]")?.click(),
  o: () => here && location.assign(here.dataset.href),
  n: () => document.querySelector("a[rel=next]")?.click(),
  p: () => document.querySelector("a[rel=prev]")?.click(),
  s: () => document.querySelector("[data-key=s]")?.click(),
  r: () => document.querySelector("[data-key=r]")?.click(),
  c: () => document.querySelector("[data-key=c]")?.click(),
  "?": help,
};

// Speech input can press single keys by accident, so they can be switched off (WCAG 2.2, criterion
// 2.1.4). The setting is kept in local storage, if available.
let shortcuts = true;
try { shortcuts = localStorage.getItem("shortcuts") !== "off"; } catch { /* no storage */ }

function switchShortcuts(on) {
  shortcuts = on;
  try { localStorage.setItem("shortcuts", on ? "on" : "off"); } catch { /* no storage: applies to this page only */ }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (!shortcuts || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  const act = keys[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// element creates an element with its children. Text is never parsed as markup.
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function help() {
  const meanings = [["/", "Search"], ["j k", "Next and previous row"], ["o", "Open row"], ["x", "Select row"],
    ["s r", "Sign or reject selected requests"], ["n p", "Next and previous page"], ["c", "New request, CA, profile, rule, account, grant or token"],
    ["?", "Show this help"], ["Esc", "Leave field or close dialog"]];
  const list = element("dl", { className: "facts" });
  for (const [key, what] of meanings) list.append(element("dt", {}, element("kbd", {}, key)), element("dd", {}, what));
  const title = element("h2", { id: "help-title" }, "Keyboard shortcuts");
  const box = element("input", { type: "checkbox", checked: shortcuts });
  box.addEventListener("change", () => switchShortcuts(box.checked));
  const dialog = element("dialog", {}, title, list, element("label", { className: "check" }, box, element("span", {}, "Single-key shortcuts")),
    element("form", { method: "dialog" }, element("button", { autofocus: true }, "Close")));
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
document.querySelector("[data-help]")?.addEventListener("click", help);

// A checkbox selects all rows of the page. The number of selected rows is shown, unless all matching
// requests are selected.
const match = document.querySelector("input[name=all]");
const all = document.querySelector("input[data-all]");
const picks = [...document.querySelectorAll("td.pick input[type=checkbox]")];
function counted() {
  const chosen = picks.filter((pick) => pick.checked).length;
  const told = match?.checked ? "All matching requests selected" : `${chosen} selected`;
  for (const place of document.querySelectorAll("[data-chosen]")) place.textContent = told;
  if (all) {
    all.checked = chosen > 0 && chosen === picks.length;
    all.indeterminate = chosen > 0 && chosen < picks.length;
  }
}
all?.addEventListener("change", () => {
  for (const pick of picks) pick.checked = all.checked;
  counted();
});
for (const pick of [...picks, match]) pick?.addEventListener("change", counted);
if (picks.length > 0) counted();

// Copy buttons copy the text of the element with the id in data-copy.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const label = button.textContent;
  let back;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    clearTimeout(back);
    back = setTimeout(() => { button.textContent = label; }, 1500);
  });
}

// pem encodes DER as PEM (RFC 7468).
export function pem(label, octets) {
  const text = btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(""));
  return `-----BEGIN ${label}-----\n${text.match(/.{1,64}/g).join("\n")}\n-----END ${label}-----\n`;
}

// textOf returns the text of a file, or the PEM of a DER file. Windows programs write UTF-16.
function textOf(octets, label) {
  const sequence = 0x30, multiOctetLength = 0x80;
  if (octets[0] === sequence && octets[1] >= multiOctetLength) return pem(label, octets);
  const mark = octets[0] << 8 | octets[1];
  return new TextDecoder({ 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[mark]).decode(octets);
}

// A file that is chosen or dropped is read into its field. Dragged text is left to the browser.
for (const place of document.querySelectorAll("[data-drop]")) {
  const field = document.getElementById(place.dataset.drop);
  const read = async (file) => {
    if (!file) return;
    field.value = textOf(new Uint8Array(await file.arrayBuffer()), place.dataset.label);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const chooser = place.querySelector("input[type=file]");
  chooser?.addEventListener("change", async () => {
    await read(chooser.files[0]);
    chooser.value = "";
  });
  for (const target of [place, field]) {
    target.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      place.classList.add("over");
    });
    target.addEventListener("dragleave", () => place.classList.remove("over"));
    target.addEventListener("drop", (event) => {
      place.classList.remove("over");
      if (event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      read(event.dataTransfer.files[0]);
    });
  }
}

// A double click submits a form once. After three seconds it can be submitted again, because the user may have
// stopped the first submission.
const sent = new WeakMap();
document.addEventListener("submit", (event) => {
  const again = 3000; // milliseconds
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.timeStamp - sent.get(event.target) < again) event.preventDefault();
  else sent.set(event.target, event.timeStamp);
});

// On a narrow screen the navigation scrolls: show the current item.
document.querySelector("nav.parts [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// The RSA fields of a profile apply only while RSA keys are allowed.
const allowsRSA = document.querySelector("input[name='keys.allowed'][value=rsa]");
function switchRSA() {
for (const field of document.querySelectorAll("input[name^='keys.'][name*='_rsa_']")) {
field.disabled = !allowsRSA.checked;
if (field.disabled) field.value = "";
}
}
allowsRSA?.addEventListener("change", switchRSA);
if (allowsRSA) switchRSA();

// A bulk action changes the title of its page at the end.
const ended = document.querySelector("[data-title]");
if (ended) {
document.querySelector("h1").textContent = ended.dataset.title;
document.title = `${ended.dataset.title} · Notary`;
}

// The link that the server prints carries the setup code in its fragment, which browsers do not send. Remove it
// from the URL.
const setup = new URLSearchParams(location.hash.slice(1)).get("setup");
if (setup) {
  const field = document.querySelector("input[name=setup_code]");
  if (field) field.value = setup;
  history.replaceState(history.state, "", location.pathname + location.search);
}
