// Generates a key and a CSR (RFC 2986) in the browser. The private key leaves the page only as a
// file that the user saves; the form submits only the CSR.

// The URL of the other script contains a digest that is not known here.
const { pem } = await import(document.querySelector("head script").src);

// The subset of DER (X.690) that a CSR needs.
const tags = { integer: 0x02, bits: 0x03, octets: 0x04, none: 0x05, oid: 0x06, utf8: 0x0c, sequence: 0x30, set: 0x31 };

function concat(parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function lengthOf(n) {
  if (n < 0x80) return [n];
  const octets = [];
  for (let rest = n; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

function der(tag, ...parts) {
  const content = concat(parts.map((part) => (part instanceof Uint8Array ? part : Uint8Array.from(part))));
  return concat([Uint8Array.from([tag, ...lengthOf(content.length)]), content]);
}

function oid(text) {
  const [first, second, ...arcs] = text.split(".").map(Number);
  const octets = [first * 40 + second];
  for (const arc of arcs) {
    const groups = [arc & 0x7f];
    for (let rest = arc >> 7; rest > 0; rest >>= 7) groups.unshift(0x80 | (rest & 0x7f));
    octets.push(...groups);
  }
  return der(tags.oid, octets);
}

// integer encodes an unsigned big-endian integer.
function integer(octets) {
  let from = 0;
  while (from < octets.length - 1 && octets[from] === 0) from++;
  const digits = octets.slice(from);
  return digits[0] & 0x80 ? der(tags.integer, [0], digits) : der(tags.integer, digits);
}

const utf8 = (text) => new TextEncoder().encode(text);

// Key types with the parameters of WebCrypto and X.509 (RFC 5758, RFC 4055, RFC 8410).
const kinds = {
  "ecdsa-p256": { make: { name: "ECDSA", namedCurve: "P-256" }, sign: { name: "ECDSA", hash: "SHA-256" }, oid: "1.2.840.10045.4.3.2" },
  "ecdsa-p384": { make: { name: "ECDSA", namedCurve: "P-384" }, sign: { name: "ECDSA", hash: "SHA-384" }, oid: "1.2.840.10045.4.3.3" },
  "rsa-2048": rsa(2048),
  "rsa-3072": rsa(3072),
  ed25519: { make: { name: "Ed25519" }, sign: { name: "Ed25519" }, oid: "1.3.101.112" },
};

function rsa(bits) {
  return {
    make: { name: "RSASSA-PKCS1-v1_5", modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    sign: { name: "RSASSA-PKCS1-v1_5" }, oid: "1.2.840.113549.1.1.11", parameters: der(tags.none),
  };
}

// ofIPv4 and ofIPv6 return the octets of an address, or undefined.
function ofIPv4(text) {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256) ? parts.map(Number) : undefined;
}

function ofIPv6(text) {
  if (!text.includes(":") || !/^[0-9a-f:.]+$/i.test(text)) return undefined;
  let host;
  try {
    host = new URL(`http://[${text}]/`).hostname.slice(1, -1); // canonical form
  } catch {
    return undefined;
  }
  const [head, tail] = host.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const groups = tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill("0"), ...tail];
  return groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
}

// hostName returns a DNS name, optionally with a wildcard, in lower case with A-labels (RFC 5890), or
// undefined if it is invalid. A name that ends in a number is invalid: URL parses it as an address.
function hostName(text) {
  const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, longest = 253; // RFC 1034, section 3.5; RFC 1123, section 2.1
  if (/[\s/:@?#\\]/.test(text)) return undefined;
  const wildcard = text.startsWith("*.") ? "*." : "";
  try {
    const host = new URL(`http://${text.slice(wildcard.length)}/`).hostname, name = wildcard + host;
    return !ofIPv4(host) && name.length <= longest && host.split(".").every((part) => label.test(part)) ? name : undefined;
  } catch {
    return undefined;
  }
}

// nameOf encodes a name of the type that it looks like, and returns a DNS name's canonical form, too.
function nameOf(text) {
  const email = 0x81, dns = 0x82, uri = 0x86, ip = 0x87; // context-specific (RFC 5280, section 4.2.1.6)
  const address = ofIPv4(text) ?? ofIPv6(text);
  if (address) return { encoded: der(ip, address) };
  if (/^[\x21-\x7e]+:\/\/[\x21-\x7e]+$/.test(text)) return { encoded: der(uri, utf8(text)) };
  if (/^[\x21-\x7e]+@[\x21-\x7e]+$/.test(text)) return { encoded: der(email, utf8(text)) };
  const host = hostName(text);
  if (!host) throw new WrongName(`"${text}" isn't a valid DNS name, IP address, email address or URI.`);
  return { encoded: der(dns, utf8(host)), host };
}

class WrongName extends Error {}

// request returns a CSR for the names, signed with the key. The first DNS name that fits is also the
// common name, for software that expects one.
async function request(keys, kind, names) {
  const context = 0xa0, longestCommonName = 64;
  const version = der(tags.integer, [0]);
  const commonName = names.find(({ host }) => host?.length <= longestCommonName)?.host;
  const subject = commonName === undefined ? der(tags.sequence)
    : der(tags.sequence, der(tags.set, der(tags.sequence, oid("2.5.4.3"), der(tags.utf8, utf8(commonName)))));
  const alternatives = der(tags.sequence, oid("2.5.29.17"), der(tags.octets, der(tags.sequence, ...names.map((name) => name.encoded))));
  const attribute = der(tags.sequence, oid("1.2.840.113549.1.9.14"), der(tags.set, der(tags.sequence, alternatives)));
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  const info = der(tags.sequence, version, subject, publicKey, der(context, attribute));
  const signature = new Uint8Array(await crypto.subtle.sign(kind.sign, keys.privateKey, info));
  const algorithm = der(tags.sequence, oid(kind.oid), kind.parameters ?? []);
  return der(tags.sequence, info, algorithm, der(tags.bits, [0], kind.make.name === "ECDSA" ? ecdsaValue(signature) : signature));
}

// ecdsaValue converts a signature from WebCrypto, which concatenates r and s, to DER (RFC 3279,
// section 2.2.3).
function ecdsaValue(signature) {
  const half = signature.length / 2;
  return der(tags.sequence, integer(signature.slice(0, half)), integer(signature.slice(half)));
}

// The page.
const place = document.getElementById("make-key");
const names = document.getElementById("f-names");
const csr = document.getElementById("f-csr");
const told = document.getElementById("key-told");
const save = document.getElementById("save-key");
let made = ""; // the CSR whose key must be saved
let saved = true;

function tell(text, wrong) {
  told.textContent = text;
  told.className = wrong ? "failure" : "flash";
}

// Errors in the names are shown at their field, like those from the server.
const refusal = document.createElement("p");
if (names) {
  Object.assign(refusal, { id: "f-names-error", className: "error", role: "alert" });
  names.parentElement.append(refusal);
  names.setAttribute("aria-describedby", `${refusal.id} ${names.getAttribute("aria-describedby")}`);
}

function refuse(text) {
  refusal.textContent = text;
  names.parentElement.classList.toggle("wrong", text !== "");
  names.ariaInvalid = String(text !== "");
  if (text) names.focus();
}

async function make() {
  refuse("");
  const typed = [...new Set(names.value.split("\n").map((name) => name.trim()).filter(Boolean))];
  if (typed.length === 0) throw new WrongName("Enter at least one name, such as www.example.com.");
  const wanted = typed.map(nameOf); // before a key is generated
  const kind = kinds[document.getElementById("f-key").value];
  const keys = await crypto.subtle.generateKey(kind.make, true, ["sign", "verify"]);
  made = pem("CERTIFICATE REQUEST", await request(keys, kind, wanted));
  const privateKey = pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey)));
  if (save.href) URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(new Blob([privateKey], { type: "application/x-pem-file" }));
  save.download = `${(wanted[0].host ?? typed[0]).replace(/^\*/, "wildcard").replace(/[^a-z0-9.-]+/gi, "-")}.key`;
  save.hidden = false;
  saved = false;
  csr.value = made;
  tell("Key and CSR generated. Save the private key now; it can't be recovered after you leave this page.");
  save.focus();
}

place?.querySelector("button").addEventListener("click", async (event) => {
  event.target.disabled = true;
  try {
    await make();
  } catch (error) {
    if (error instanceof WrongName) refuse(error.message);
    else tell(error.message || "This browser doesn't support this key type.", true);
  }
  event.target.disabled = false;
});

save?.addEventListener("click", () => {
  saved = true;
  tell("Store the private key where only the server that needs it can read it, then review the request.");
});

const unsaved = () => !saved && csr.value === made;

csr?.form.addEventListener("submit", (event) => {
  if (!unsaved()) return;
  event.preventDefault();
  tell("Save the private key first. Without it the certificate can't be used.", true);
  save.focus();
});

addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });

// Remove Ed25519 if the browser does not support it.
if (place) {
  crypto.subtle.generateKey(kinds.ed25519.make, true, ["sign", "verify"])
    .catch(() => document.querySelector("#f-key option[value=ed25519]")?.remove());
}
