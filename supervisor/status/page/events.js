// SPDX-License-Identifier: Apache-2.0
// The events, the crashes among them with their stack traces, and the active alerts.

import { $, clockTime, make, shape, show, span } from "./dom.js";

const EVENTS_KEPT = 200;
const CRASHES_KEPT = 20;
const CRASHES = new Set(["crashed", "hung", "unhealthy", "spawn_failed", "ready_timeout", "failed"]);
const PROBLEMS = new Set([...CRASHES, "crash_loop", "rolling_aborted", "shutdown_forced", "hopeless",
  "exited_unexpectedly", "forced_kill", "leftovers", "slow_stop", "late_loop", "reload_failed",
  "notification_ignored", "watch_problem"]);
const WARNINGS = new Set(["exited_unexpectedly", "forced_kill", "leftovers", "slow_stop", "late_loop",
  "notification_ignored", "watch_problem"]);
const GOOD = new Set(["ready", "fleet_ready", "crash_loop_ended", "rolling_done", "oneshot_done"]);

function eventItem(event) {
  const [mood, form] = WARNINGS.has(event.kind) ? ["warn", "backoff"]
    : PROBLEMS.has(event.kind) ? ["bad", "trouble"]
      : GOOD.has(event.kind) ? ["good", "ready"] : ["idle", "note"];
  return make("li", { class: `is-${mood}${PROBLEMS.has(event.kind) ? " problem" : ""}`, "data-kind": event.kind },
    make("time", { datetime: event.time, title: event.time }, clockTime(event.time)),
    shape(form), make("span", { class: "text" }, event.message));
}

// `alerts`: as in /status. `age`: seconds since it was fetched.
export function showAlerts(alerts, age) {
  const since = (alert) => (alert.active_seconds === undefined ? [] : [make("span", { class: "muted" },
    `for ${span(alert.active_seconds + age)}`)]);
  const marks = (alert) => [
    ...(alert.count > 1 ? [`${alert.count} times`] : []),
    ...(alert.firing ? [] : ["not for long enough yet"]),
    ...(alert.silenced_until ? [`silenced until ${clockTime(alert.silenced_until)}`] : []),
  ].map((text) => make("span", { class: "muted" }, text));
  show($("alerts"), ...alerts.map((alert) => {
    const bad = alert.severity === "critical";
    return make("li", { class: bad ? "is-bad" : "is-warn", "data-alert": alert.name },
      shape(bad ? "trouble" : "backoff"), make("b", {}, alert.name), make("span", { class: "muted" }, alert.severity),
      make("span", { class: "what" }, alert.summary, ...since(alert), ...marks(alert)));
  }));
  show($("alert-count"), ...(alerts.length ? [String(alerts.length)] : []));
}

// A crash is heard of as an event; those from before this run of the supervisor, and what has been
// forgotten of this one, are in the reports that it keeps. A stack trace arrives as an event of its own, before or after that of the crash.
const stacks = new Map();
const deathOf = (event) => `${event.worker}/${event.incarnation}`;

function showStack(item) {
  const frames = stacks.get(item.dataset.death);
  if (frames) item.querySelector(".stack").replaceChildren(make("pre", {}, frames.join("\n")));
}

function heardStack(event) {
  stacks.set(deathOf(event), event.stack);
  if (stacks.size > CRASHES_KEPT) stacks.delete(stacks.keys().next().value);
  for (const item of $("crashes").children) if (item.dataset.death === deathOf(event)) showStack(item);
}

function crashItem(event) {
  const whose = event.worker || event.program;
  const facts = [["when", event.time], ["event", event.kind.replace("_", " ")]];
  if (event.incarnation) facts.push(["incarnation", String(event.incarnation)]);
  const what = event.message.replace(`${whose} (incarnation ${event.incarnation}) `, "");
  const item = make("li", { "data-worker": whose, "data-seq": String(event.seq), "data-death": deathOf(event),
    "data-crash": event.crash ?? "" },
    make("details", {},
      make("summary", {},
        make("span", { class: "is-bad" }, shape("trouble")), make("b", {}, whose),
        make("time", { datetime: event.time }, clockTime(event.time)),
        make("span", { class: "what" }, what)),
      make("div", { class: "detail" },
        make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
        make("div", { class: "stack" }),
        make("p", { class: "muted" }, "With its last log lines, in a terminal:"),
        make("code", {}, event.crash ? `holdfast crashes show ${event.crash}` : `holdfast logs -n 50 ${whose}`))));
  showStack(item);
  return item;
}

let life = null;
let crashes = 0;

function countCrashes(more) {
  crashes += more;
  show($("crash-count"), ...(crashes ? [String(crashes)] : []));
}

// A report as the event that it is about.
function eventOf(report) {
  return { seq: 0, time: report.time, kind: report.kind, program: report.program, worker: report.worker,
    incarnation: report.incarnation, message: report.summary, crash: report.id };
}

// Adds the reports that no event has told of, below those that one has. The newest come first.
async function showKept() {
  const answer = await fetch(`/crashes?limit=${CRASHES_KEPT}`, { cache: "no-store" });
  if (!answer.ok) return;
  for (const report of (await answer.json()).crashes) {
    const list = $("crashes");
    if (list.children.length >= CRASHES_KEPT) return;
    if (list.querySelector(`[data-crash="${CSS.escape(report.id)}"]`)) continue;
    const item = crashItem(eventOf(report));
    if (report.stack.length) item.querySelector(".stack").replaceChildren(make("pre", {}, report.stack.join("\n")));
    const after = [...list.children].find((other) => other.dataset.crash < report.id && other.dataset.crash);
    list.insertBefore(item, after ?? null);
    countCrashes(1);
  }
}

function forget() {
  crashes = 0;
  stacks.clear();
  $("events").replaceChildren();
  $("crashes").replaceChildren();
  show($("crash-count"));
}

function heard(message, news) {
  // An id is LIFE-NUMBER. Another life is another run of the supervisor, which numbers its own events.
  const itsLife = message.lastEventId.split("-")[0];
  if (life !== itsLife) {
    forget();
    showKept().catch(() => {});  // the page works as well without
  }
  life = itsLife;
  const event = JSON.parse(message.data);
  const item = eventItem(event);
  if (Date.now() - Date.parse(event.time) < 3000) item.classList.add("fresh-event");
  $("events").prepend(item);
  while ($("events").children.length > EVENTS_KEPT) $("events").lastElementChild.remove();
  if (event.stack) heardStack(event);
  if (CRASHES.has(event.kind)) {
    const kept = event.crash && $("crashes").querySelector(`[data-crash="${CSS.escape(event.crash)}"]`);
    if (kept) kept.remove();
    $("crashes").prepend(crashItem(event));
    while ($("crashes").children.length > CRASHES_KEPT) $("crashes").lastElementChild.remove();
    if (!kept) countCrashes(1);
  }
  news();
}

// Calls `news` for every event, starting with the latest ones.
let stream = null;
export function listen(news) {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource(`/events?last=${EVENTS_KEPT}`);
  stream.onmessage = (message) => heard(message, news);
  // After a refusal the browser does not reconnect; the next successful poll calls this again.
}

for (const choice of document.querySelectorAll("input[name=which]")) {
  choice.addEventListener("change", () =>
    $("events").classList.toggle("only-problems", choice.value === "problems"));
}
