// SPDX-License-Identifier: Apache-2.0
// DOM elements, and numbers formatted for people. Texts from the stack are only ever inserted as text.

export const STATES = {
  ready: ["good", "ready"],
  done: ["good", "done"],
  scheduled: ["idle", "stopped"],
  starting: ["busy", "starting"],
  stopping: ["idle", "stopping"],
  stopped: ["idle", "stopped"],
  backoff: ["warn", "backoff"],
  crash_loop: ["bad", "trouble"],
  failed: ["bad", "trouble"],
  degraded: ["bad", "trouble"],
  draining: ["warn", "stopping"],
  unreachable: ["bad", "trouble"],
};

export const $ = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

export function drawing(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const shape = (name) =>
  drawing("svg", { class: "shape", "aria-hidden": "true" }, drawing("use", { href: `#shape-${name}` }));

export function stateOf(state, text = state.replace("_", " ")) {
  const [mood, form] = STATES[state] ?? ["idle", "stopped"];
  return make("span", { class: `state is-${mood}` }, shape(form), text);
}

// Replaces the children only if they differ, so that selection and focus survive.
export function show(element, ...children) {
  const fresh = make("i", {}, ...children);
  if (fresh.innerHTML !== element.innerHTML) element.replaceChildren(...fresh.childNodes);
}

export function span(seconds) {
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function digits(value) {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function bytes(value) {
  const mebibytes = value / 1048576;
  return mebibytes >= 1024 ? [(mebibytes / 1024).toFixed(2), "GiB"] : [mebibytes.toFixed(1), "MiB"];
}

export function duration(seconds) {
  return seconds < 1 ? [digits(seconds * 1000), "ms"] : [digits(seconds), "s"];
}

export const clockTime = (iso) => new Date(iso).toLocaleTimeString([], { hour12: false });
